"""E-licences 电子证照: issued by those who may, shown for a minute, verified by anyone, revoked at once."""
