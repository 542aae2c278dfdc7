variable "app" {
  description = "Name of the app; the first part of every name."
  type        = string
}

variable "stage" {
  description = "Name of the stage; the second part of every name."
  type        = string
}

variable "functions" {
  description = "Names of all functions, without app and stage."
  type        = set(string)
}

variable "p95_functions" {
  description = "Functions with an alarm on their 95th percentile, and that alarm's threshold in milliseconds."
  type        = map(number)
}

variable "api_id" {
  description = "Id of the WebSocket API."
  type        = string
}

variable "operator_api" {
  description = "Name of the operator API."
  type        = string
}

variable "table_names" {
  description = "Name of each table, by the table's name without app and stage."
  type        = map(string)
}

variable "table_operations" {
  description = "For each table, the operations whose system errors raise an alarm; at most nine."
  type        = map(list(string))

  validation {
    condition     = alltrue([for operations in var.table_operations : length(operations) > 0 && length(operations) <= 9])
    error_message = "An alarm adds up at most ten metrics: name one to nine operations for a table."
  }
}

variable "queue_name" {
  description = "Name of the jobs queue."
  type        = string
}

variable "replies_name" {
  description = "Name of the queue of first replies."
  type        = string
}

variable "dead_letters_name" {
  description = "Name of the dead-letter queue."
  type        = string
}

variable "thresholds" {
  description = "Threshold of each alarm."
  type = object({
    function_errors               = number
    function_throttles            = number
    jobs_age_seconds              = number
    replies_age_seconds           = number
    dead_letters                  = number
    stream_age_milliseconds       = number
    table_throttles               = number
    table_system_errors           = number
    api_client_errors             = number
    api_server_errors             = number
    idle_connections_per_minute   = number
    connections_closed_per_minute = number
    fan_out_unsent                = number
    count_drift                   = number
    internal_errors               = number
    unavailable_errors            = number
  })
}

variable "log_retention_days" {
  description = "Log retention in days; a value that CloudWatch accepts."
  type        = number

  validation {
    condition = contains([
      1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
    ], var.log_retention_days)
    error_message = "CloudWatch keeps logs for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days."
  }
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

variable "set_api_gateway_log_role" {
  description = "True = set the role with which API Gateway writes logs in this account and region."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "ARN of the KMS key of logs and alarms; its policy must allow CloudWatch and CloudWatch Logs to use it. Null = keys owned by AWS."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of all resources."
  type        = map(string)
  default     = {}
}
