variable "app" {
  description = "Name of the app; the first part of every queue's name."
  type        = string
}

variable "stage" {
  description = "Name of the stage; the second part of every queue's name."
  type        = string
}

variable "visibility_timeout_seconds" {
  description = "Seconds until a failed job is retried; at least the timeout of the function that runs jobs."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout_seconds >= 0 && var.visibility_timeout_seconds <= 43200
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
  description = "Attempts before a job moves to the dead-letter queue."
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
