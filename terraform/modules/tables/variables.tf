variable "app" {
  description = "Name of the app; the first part of every table's name."
  type        = string
}

variable "stage" {
  description = "Name of the stage; the second part of every table's name."
  type        = string
}

variable "deletion_protection" {
  description = "True = DynamoDB refuses to delete the tables. Set false and apply before a destroy."
  type        = bool
  default     = true
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the tables; null = the account's aws/dynamodb key."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags of every table."
  type        = map(string)
  default     = {}
}
