"""用证: departments and mini-apps ask for fields of a licence; its holder grants, sees every use, and withdraws."""
