"""邮件平台: the mail gateway of the city's offices."""
