"""市场监管: firms and their legal representatives."""
