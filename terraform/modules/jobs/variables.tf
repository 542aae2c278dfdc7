variable "app" {
  description = "Name of the app; the first part of every queue's name."
  type        = string
}

variable "stage" {
  description = "Name of the stage; the second part of every queue's name."
  type        = string
}

# "Set the source queue's visibility timeout to at least six times the configuration timeout on your function" (AWS Lambda
# Developer Guide, https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html).
variable "visibility_timeout_seconds" {
  description = "Seconds until a failed job is retried; six times the timeout of the function that runs jobs."
  type        = number
  default     = 180

  validation {
    condition     = var.visibility_timeout_seconds >= 0 && var.visibility_timeout_seconds <= 43200
    error_message = "The visibility timeout must be from 0 to 43200 seconds."
  }
}

variable "replies_visibility_timeout_seconds" {
  description = "Seconds until a failed first reply is retried; six times the timeout of the function that sends them."
  type        = number
  default     = 60

  validation {
    condition     = var.replies_visibility_timeout_seconds >= 0 && var.replies_visibility_timeout_seconds <= 43200
    error_message = "The visibility timeout must be from 0 to 43200 seconds."
  }
}

variable "retention_seconds" {
  description = "Seconds after which SQS drops a job that no function received."
  type        = number
  default     = 14400

  validation {
    condition     = var.retention_seconds >= 60 && var.retention_seconds <= 1209600
    error_message = "The retention must be from 60 seconds to 14 days."
  }
}

variable "max_receive_count" {
  description = "Attempts before a job or a first reply moves to the dead-letter queue."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000
    error_message = "A job must be tried from 1 to 1000 times."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the queues; null = the key of SQS."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every queue."
  type        = map(string)
  default     = {}
}
