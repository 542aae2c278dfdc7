# Terraform reads secrets from SSM Parameter Store (SecureString) or Secrets Manager while planning.
# They enter the functions' environment and the state: keep the state in an encrypted bucket.
locals {
  # By default a secret is in SSM at /<app>/<stage>/<name>.
  references = {
    for name, reference in {
      jwt-secret          = var.jwt_jwks_url == null ? var.jwt_secret : null
      resume-token-secret = var.resume_token_secret
    } : name => coalesce(reference, "ssm:/${local.app}/${local.stage}/${name}")
    if !(name == "jwt-secret" && var.jwt_jwks_url != null)
  }
  ssm_references     = { for name, reference in local.references : name => trimprefix(reference, "ssm:") if startswith(reference, "ssm:") }
  manager_references = { for name, reference in local.references : name => trimprefix(reference, "secretsmanager:") if startswith(reference, "secretsmanager:") }

  read_secrets = merge(
    { for name, parameter in data.aws_ssm_parameter.secret : name => parameter.value },
    { for name, version in data.aws_secretsmanager_secret_version.secret : name => version.secret_string },
  )
  secrets = {
    jwt_secret          = lookup(local.read_secrets, "jwt-secret", "")
    resume_token_secret = lookup(local.read_secrets, "resume-token-secret", "")
  }
}

data "aws_ssm_parameter" "secret" {
  for_each = local.ssm_references

  name            = each.value
  with_decryption = true
}

data "aws_secretsmanager_secret_version" "secret" {
  for_each = local.manager_references

  secret_id = each.value
}
