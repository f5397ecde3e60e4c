"""人社: employment, unemployment, premiums, skills."""
