# Terraform refuses a value that a variable may not have, and the error says what is valid.
# tests/terraform runs this beside a copy of variables.tf alone: without the provider it takes no time.

# Several at once: each of the variables named must be refused.
run "refuses_what_no_variable_may_be" {
  command = plan

  variables {
    stage                           = "Dev"
    jwt_secret                      = "a-secret-that-was-pasted-here-0123456789"
    resume_token_secret             = "0123456789abcdef0123456789abcdef"
    jwt_jwks_url                    = "http://issuer.example.com/jwks.json"
    settings                        = { log_level = "VERBOSE" }
    throttle                        = { rate = 0 }
    sweep_reserved_concurrency      = 0
    connect_provisioned_concurrency = -1
    log_retention_days              = 2
    alarm_email                     = "ops"
    alarm_thresholds                = { jobs_age_seconds = -1 }
    custom_domain                   = { name = "https://live.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1" }
    kms_key_arn                     = "alias/lectern"
  }

  expect_failures = [var.stage, var.jwt_secret, var.resume_token_secret, var.jwt_jwks_url, var.settings, var.throttle, var.sweep_reserved_concurrency, var.connect_provisioned_concurrency, var.log_retention_days, var.alarm_email, var.alarm_thresholds, var.custom_domain, var.kms_key_arn]
}

run "refuses_what_else_they_may_not_be" {
  command = plan

  variables {
    stage                           = "d"
    settings                        = { aws_wire = "curl" }
    throttle                        = { burst = 0 }
    connect_provisioned_concurrency = 0.5
    custom_domain                   = { name = "live.example.com", certificate_arn = "arn:aws:iam::123456789012:server-certificate/1" }
  }

  expect_failures = [var.stage, var.settings, var.throttle, var.connect_provisioned_concurrency, var.custom_domain]
}

run "refuses_a_status_every_45_seconds" {
  command = plan

  variables {
    settings = { status_interval_seconds = 45 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_warning_before_the_refresh" {
  command = plan

  variables {
    settings = { connection_refresh_minutes = 106 }
  }

  expect_failures = [var.settings]
}

run "refuses_a_warning_after_two_hours" {
  command = plan

  variables {
    settings = { connection_warning_minutes = 120 }
  }

  expect_failures = [var.settings]
}

run "refuses_room_for_no_listener" {
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

run "refuses_publishers_that_there_are_not" {
  command = plan

  variables {
    settings = { topic_publishers = "nobody" }
  }

  expect_failures = [var.settings]
}

run "refuses_a_grace_longer_than_a_delay" {
  command = plan

  variables {
    settings = { speaker_grace_seconds = 901 }
  }

  expect_failures = [var.settings]
}

run "refuses_heartbeats_slower_than_the_time_out" {
  command = plan

  variables {
    settings = { heartbeat_interval_seconds = 120 }
  }

  expect_failures = [var.settings]
}
