"""From the text of a policy to money in an account: catalogue, language, policies, profiles, matching, delivery."""
