"""Where a person is reached besides their phone: a mail address or a WeChat account, each shown to be theirs first."""
