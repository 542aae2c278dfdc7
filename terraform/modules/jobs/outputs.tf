output "queue_name" {
  description = "Name of the jobs queue."
  value       = aws_sqs_queue.jobs.name
}

output "queue_arn" {
  description = "ARN of the jobs queue."
  value       = aws_sqs_queue.jobs.arn
}

output "queue_url" {
  description = "URL of the jobs queue."
  value       = aws_sqs_queue.jobs.url
}

output "replies_name" {
  description = "Name of the queue of first replies."
  value       = aws_sqs_queue.replies.name
}

output "replies_arn" {
  description = "ARN of the queue of first replies."
  value       = aws_sqs_queue.replies.arn
}

output "replies_url" {
  description = "URL of the queue of first replies."
  value       = aws_sqs_queue.replies.url
}

output "dead_letters_name" {
  description = "Name of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.name
}

output "dead_letters_arn" {
  description = "ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead_letters.arn
}
