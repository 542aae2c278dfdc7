variable "app" {
  description = "Name of the app; the first part of every role's name."
  type        = string
}

variable "stage" {
  description = "Name of the stage; the second part of every role's name."
  type        = string
}

variable "table_arns" {
  description = "ARN of each table, by the table's name without app and stage."
  type        = map(string)
}

variable "stream_arns" {
  description = "ARNs of the streams of the sessions and counts tables, by the table's name without app and stage."
  type        = map(string)
}

variable "queue_arn" {
  description = "ARN of the jobs queue."
  type        = string
}

variable "replies_arn" {
  description = "ARN of the queue of first replies."
  type        = string
}

variable "dead_letters_arn" {
  description = "ARN of the dead-letter queue, which receives batches of the streams that failed every retry."
  type        = string
}

variable "log_group_arns" {
  description = "ARN of each function's log group, by the function's name without app and stage."
  type        = map(string)
}

variable "stage_execution_arn" {
  description = "Execution ARN of the WebSocket stage: arn:aws:execute-api:region:account:api/stage."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key of tables and queues; null = keys owned by AWS."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every role."
  type        = map(string)
  default     = {}
}
