variable "region" {
  description = "AWS region; null = the region of the environment (AWS_REGION) or of the profile."
  type        = string
  default     = null
}

variable "stage" {
  description = "Stage to deploy; the package of another stage is refused. Null = the packaged stage."
  type        = string
  default     = null

  validation {
    condition     = var.stage == null || can(regex("^[a-z][a-z0-9]{1,15}$", var.stage))
    error_message = "A stage is 2 to 16 lower-case letters and digits, and starts with a letter."
  }
}

variable "tags" {
  description = "More tags for all resources; App and Stage are always set."
  type        = map(string)
  default     = {}
}

variable "jwt_secret" {
  description = "Location of the secret of HS256 tokens: ssm:/path/of/parameter or secretsmanager:id. Null = ssm:/app/stage/jwt-secret, unless jwt_jwks_url is set."
  type        = string
  default     = null

  validation {
    condition     = var.jwt_secret == null || can(regex("^(ssm:/|secretsmanager:).+$", var.jwt_secret))
    error_message = "Name the secret as ssm:/path/of/parameter or secretsmanager:id; never put the secret itself here."
  }
}

variable "jwt_jwks_url" {
  description = "HTTPS URL of the key set of RS256 and ES256 tokens; null = HS256 with jwt_secret."
  type        = string
  default     = null

  validation {
    condition     = var.jwt_jwks_url == null || can(regex("^https://[^/\\s]+(/\\S*)?$", var.jwt_jwks_url))
    error_message = "The key set's address must start with https://."
  }
}

variable "resume_token_secret" {
  description = "Location of the key of resume tokens: ssm:/path/of/parameter or secretsmanager:id. Null = ssm:/app/stage/resume-token-secret."
  type        = string
  default     = null

  validation {
    condition     = var.resume_token_secret == null || can(regex("^(ssm:/|secretsmanager:).+$", var.resume_token_secret))
    error_message = "Name the secret as ssm:/path/of/parameter or secretsmanager:id; never put the secret itself here."
  }
}

variable "settings" {
  description = "The stack's settings; docs/run/settings.md explains each."
  type = object({
    session_max_duration_hours         = optional(number, 2)
    connection_refresh_minutes         = optional(number, 100)
    connection_warning_minutes         = optional(number, 105)
    connection_idle_timeout_seconds    = optional(number, 120)
    heartbeat_interval_seconds         = optional(number, 50)
    speaker_grace_seconds              = optional(number, 15)
    max_listeners_per_session          = optional(number, 500)
    inline_fanout_limit                = optional(number, 500)
    fanout_concurrency                 = optional(number, 32)
    history_seconds                    = optional(number, 120)
    status_interval_seconds            = optional(number, 30)
    jwt_algorithms                     = optional(list(string), [])
    jwt_issuer                         = optional(string, "")
    jwt_audience                       = optional(string, "")
    jwt_tenant_claim                   = optional(string, "tenantId")
    jwt_max_lifetime_hours             = optional(number, 24)
    rate_limit_connects_per_minute     = optional(number, 1200)
    rate_limit_joins_per_minute        = optional(number, 600)
    rate_limit_failed_joins_per_minute = optional(number, 5)
    rate_limit_sessions_per_hour       = optional(number, 50)
    rate_limit_controls_per_second     = optional(number, 10)
    topic_publishers                   = optional(string, "all")
    aws_wire                           = optional(string, "lean")
    aws_timeout_seconds                = optional(number, 5)
    log_level                          = optional(string, "INFO")
  })
  default = {}

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.settings.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING or ERROR."
  }

  validation {
    condition     = contains(["lean", "boto3"], var.settings.aws_wire)
    error_message = "aws_wire must be lean or boto3."
  }

  validation {
    condition     = contains(["all", "speaker"], var.settings.topic_publishers)
    error_message = "topic_publishers must be all or speaker."
  }

  validation {
    condition     = contains([30, 60], var.settings.status_interval_seconds)
    error_message = "status_interval_seconds must be 30 or 60."
  }

  validation {
    condition     = var.settings.connection_refresh_minutes <= var.settings.connection_warning_minutes && var.settings.connection_warning_minutes < 120
    error_message = "A connection is asked to refresh before it is warned, and warned before API Gateway ends it at 120 minutes."
  }

  validation {
    condition = alltrue([
      for name in [
        "session_max_duration_hours", "connection_refresh_minutes", "connection_idle_timeout_seconds",
        "heartbeat_interval_seconds", "max_listeners_per_session", "fanout_concurrency", "history_seconds",
        "rate_limit_connects_per_minute", "rate_limit_joins_per_minute", "rate_limit_sessions_per_hour",
        "rate_limit_controls_per_second", "rate_limit_failed_joins_per_minute", "aws_timeout_seconds", "jwt_max_lifetime_hours",
      ] : var.settings[name] >= 1 && floor(var.settings[name]) == var.settings[name]
    ])
    error_message = "Durations, limits and rates are whole numbers of 1 or more."
  }

  validation {
    condition     = var.settings.speaker_grace_seconds >= 0 && var.settings.speaker_grace_seconds <= 900
    error_message = "speaker_grace_seconds must be from 0 to 900, the longest delay of a job."
  }

  validation {
    condition     = var.settings.heartbeat_interval_seconds < var.settings.connection_idle_timeout_seconds
    error_message = "A client must send a heartbeat before it counts as dead: heartbeat_interval_seconds < connection_idle_timeout_seconds."
  }
}

variable "throttle" {
  description = "Rate (calls a second) and burst that the API accepts from clients before it returns 429. An account has 10,000 and 5,000, posts included."
  type = object({
    rate  = optional(number, 2000)
    burst = optional(number, 1000)
  })
  default = {}

  validation {
    condition     = var.throttle.rate >= 1 && var.throttle.burst >= 1
    error_message = "A throttle of 0 refuses every client: rate and burst must be 1 or more."
  }
}

variable "operator_throttle" {
  description = "Rate (calls a second) and burst that the operator API accepts before it returns 429."
  type = object({
    rate  = optional(number, 50)
    burst = optional(number, 50)
  })
  default = {}

  validation {
    condition     = var.operator_throttle.rate >= 1 && var.operator_throttle.burst >= 1
    error_message = "A throttle of 0 refuses every operator: rate and burst must be 1 or more."
  }
}

variable "sweep_reserved_concurrency" {
  description = "Reserved concurrency of the sweep: 1, so that two never overlap. -1 = not reserved, for a new account whose quota of 10 cannot spare one."
  type        = number
  default     = 1

  validation {
    condition     = contains([-1, 1], var.sweep_reserved_concurrency)
    error_message = "Reserve 1 instance for the sweep, or -1 for none; 0 would switch it off."
  }
}

variable "connect_provisioned_concurrency" {
  description = "Provisioned concurrency of connect; 0 = none. Each instance costs about 2.7 USD a month."
  type        = number
  default     = 0

  validation {
    condition     = var.connect_provisioned_concurrency >= 0 && floor(var.connect_provisioned_concurrency) == var.connect_provisioned_concurrency
    error_message = "The number of warm instances is a whole number of 0 or more."
  }
}

variable "deletion_protection" {
  description = "True = DynamoDB refuses to delete the tables; null = in prod only."
  type        = bool
  default     = null
}

variable "log_retention_days" {
  description = "Log retention in days; null = 7 in prod, else 1."
  type        = number
  default     = null

  validation {
    condition = var.log_retention_days == null || contains([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    ], coalesce(var.log_retention_days, 1))
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
}

variable "platform_log_lines" {
  description = "True = Lambda logs START, END and REPORT, with the memory used, for every invocation; false = only JSON reports of failed invocations."
  type        = bool
  default     = false
}

variable "alarm_email" {
  description = "Email address for alarms, once its owner has confirmed the subscription; null = none."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "The address must look like name@example.com."
  }
}

variable "alarm_thresholds" {
  description = "Thresholds of alarms; an omitted one has the stage's default (main.tf)."
  type = object({
    function_errors               = optional(number)
    function_throttles            = optional(number)
    connect_p95_milliseconds      = optional(number)
    message_p95_milliseconds      = optional(number)
    jobs_age_seconds              = optional(number)
    replies_age_seconds           = optional(number)
    dead_letters                  = optional(number)
    stream_age_milliseconds       = optional(number)
    table_throttles               = optional(number)
    table_system_errors           = optional(number)
    api_client_errors             = optional(number)
    api_server_errors             = optional(number)
    idle_connections_per_minute   = optional(number)
    connections_closed_per_minute = optional(number)
    fan_out_unsent                = optional(number)
    count_drift                   = optional(number)
    internal_errors               = optional(number)
    unavailable_errors            = optional(number)
  })
  default = {}

  validation {
    condition     = alltrue([for value in values(var.alarm_thresholds) : value == null || coalesce(value, 0) >= 0])
    error_message = "A threshold is 0 or more."
  }
}

variable "set_api_gateway_log_role" {
  description = "True = set the role with which API Gateway writes logs. There is one for the account and region: false if another stage or stack sets it."
  type        = bool
  default     = true
}

variable "custom_domain" {
  description = "Domain for clients, the ARN of its certificate in this region and, if Route 53 serves it, the id of its zone; null = API Gateway's own domain."
  type = object({
    name            = string
    certificate_arn = string
    zone_id         = optional(string)
  })
  default = null

  validation {
    condition     = var.custom_domain == null || can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.custom_domain.name))
    error_message = "The domain must look like live.example.com."
  }

  validation {
    condition     = var.custom_domain == null || can(regex("^arn:[a-z-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/.+$", var.custom_domain.certificate_arn))
    error_message = "The certificate must be an ARN of ACM, in the stack's region."
  }
}

variable "kms_key_arn" {
  description = "ARN of a KMS key for tables, queues, logs, alarms and environments; null = keys owned by AWS. Its policy must allow CloudWatch and CloudWatch Logs to use it."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "The key must be an ARN of KMS: arn:aws:kms:region:account:key/id."
  }
}
