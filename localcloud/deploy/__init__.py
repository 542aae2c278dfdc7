"""`make deploy-local` and `make destroy-local`: the account's process, and Terraform against it."""
