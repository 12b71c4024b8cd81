"""Sessions and sign-ins: beside a floor, beside others' servers, in a storm, and revoked."""
