"""微信公众号: the city's official account, which knows its followers by an openid and sends them template messages."""
