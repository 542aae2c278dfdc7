# The provider's version is in chalice_override.tf: Chalice's output names one, and a module has one list.
terraform {
  required_version = ">= 1.7"
}

provider "aws" {
  region = var.region
}
