"""Identities of the province (省统一身份认证) and of the nation (国家网络身份认证, 网号), both over OpenID Connect.

Neither is ever needed: every way in works without them.
"""
