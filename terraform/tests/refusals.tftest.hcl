# Bad input is refused when Terraform plans, and the refusal says what would be right.
mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_ssm_parameter" {
    defaults = { value = "from-ssm-0123456789abcdef0123456789" }
  }
}

run "refuses_stage_in_capitals" {
  command = plan

  variables {
    stage = "Dev"
  }

  expect_failures = [var.stage]
}

run "refuses_stage_of_one_letter" {
  command = plan

  variables {
    stage = "d"
  }

  expect_failures = [var.stage]
}

run "refuses_secret_itself" {
  command = plan

  variables {
    jwt_secret = "a-secret-that-was-pasted-here-0123456789"
  }

  expect_failures = [var.jwt_secret]
}

run "refuses_resume_secret_itself" {
  command = plan

  variables {
    resume_token_secret = "0123456789abcdef0123456789abcdef"
  }

  expect_failures = [var.resume_token_secret]
}

run "refuses_plain_http_key_set" {
  command = plan

  variables {
    jwt_jwks_url = "http://issuer.example.com/jwks.json"
  }

  expect_failures = [var.jwt_jwks_url]
}

run "refuses_unknown_log_level" {
  command = plan

  variables {
    settings = { log_level = "VERBOSE" }
  }

  expect_failures = [var.settings]
}

run "refuses_status_every_45_seconds" {
  command = plan

  variables {
    settings = { status_interval_seconds = 45 }
  }

  expect_failures = [var.settings]
}

run "refuses_warning_before_refresh" {
  command = plan

  variables {
    settings = { connection_refresh_minutes = 106 }
  }

  expect_failures = [var.settings]
}

run "refuses_warning_after_two_hours" {
  command = plan

  variables {
    settings = { connection_warning_minutes = 120 }
  }

  expect_failures = [var.settings]
}

run "refuses_no_listeners" {
  command = plan

  variables {
    settings = { max_listeners_per_session = 0 }
  }

  expect_failures = [var.settings]
}

run "refuses_half_a_listener" {
  command = plan

  variables {
    settings = { max_listeners_per_session = 1.5 }
  }

  expect_failures = [var.settings]
}

run "refuses_grace_longer_than_a_delay" {
  command = plan

  variables {
    settings = { speaker_grace_seconds = 901 }
  }

  expect_failures = [var.settings]
}

run "refuses_heartbeat_slower_than_time_out" {
  command = plan

  variables {
    settings = { heartbeat_interval_seconds = 120 }
  }

  expect_failures = [var.settings]
}

run "refuses_throttle_of_nothing" {
  command = plan

  variables {
    throttle = { rate = 0 }
  }

  expect_failures = [var.throttle]
}

run "refuses_no_sweep" {
  command = plan

  variables {
    sweep_reserved_concurrency = 0
  }

  expect_failures = [var.sweep_reserved_concurrency]
}

run "refuses_negative_warmth" {
  command = plan

  variables {
    connect_provisioned_concurrency = -1
  }

  expect_failures = [var.connect_provisioned_concurrency]
}

run "refuses_odd_retention" {
  command = plan

  variables {
    log_retention_days = 2
  }

  expect_failures = [var.log_retention_days]
}

run "refuses_not_an_address" {
  command = plan

  variables {
    alarm_email = "ops"
  }

  expect_failures = [var.alarm_email]
}

run "refuses_negative_threshold" {
  command = plan

  variables {
    alarm_thresholds = { jobs_age_seconds = -1 }
  }

  expect_failures = [var.alarm_thresholds]
}

run "refuses_domain_with_scheme" {
  command = plan

  variables {
    custom_domain = { name = "https://live.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_certificate_of_iam" {
  command = plan

  variables {
    custom_domain = { name = "live.example.com", certificate_arn = "arn:aws:iam::123456789012:server-certificate/1" }
  }

  expect_failures = [var.custom_domain]
}

run "refuses_key_by_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/lectern"
  }

  expect_failures = [var.kms_key_arn]
}

run "refuses_another_stage_than_was_packaged" {
  command = plan

  variables {
    stage = "elsewhere"
  }

  expect_failures = [output.websocket_url]
}

run "refuses_a_secret_beside_a_key_set" {
  command = plan

  variables {
    jwt_secret   = "ssm:/lectern/dev/jwt-secret"
    jwt_jwks_url = "https://issuer.example.com/jwks.json"
  }

  expect_failures = [output.websocket_url]
}

run "refuses_a_short_secret" {
  command = plan

  override_data {
    target = data.aws_ssm_parameter.secret
    values = { value = "too-short" }
  }

  expect_failures = [output.websocket_url]
}
