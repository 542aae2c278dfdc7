# The allowed calls of each function: function -> table or index -> DynamoDB actions.
# tests/terraform/test_permissions.py compares them, action by action, with the calls that the
# functions make. A transaction needs the actions of its items, not one of its own.
#
# A function that posts to connections may find one gone and cleans up after it at once: that is why
# the same rows on subscriptions and requests recur.
locals {
  tables = {
    api_handler = {
      "sessions"                                         = ["BatchGetItem", "GetItem", "UpdateItem"]
      "sessions/index/active-index"                      = ["Query"]
      "sessions/index/tenantId-createdAt-index"          = ["Query"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "connections/index/tenantId-index"                 = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "GetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
      "history"                                          = ["PutItem", "Query"]
      "rate_limits"                                      = ["GetItem", "UpdateItem"]
    }
    websocket_connect = {
      "sessions"                                         = ["GetItem", "PutItem", "UpdateItem"]
      "counts"                                           = ["PutItem", "Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
      "rate_limits"                                      = ["GetItem", "UpdateItem"]
    }
    websocket_message = {
      "sessions"                                         = ["GetItem", "PutItem", "UpdateItem"]
      "counts"                                           = ["PutItem", "Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem", "Query"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "GetItem", "PutItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
      "history"                                          = ["GetItem", "PutItem", "Query"]
      "rate_limits"                                      = ["GetItem", "UpdateItem"]
    }
    websocket_disconnect = {
      "sessions"                                         = ["GetItem", "UpdateItem"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
    }
    sweep_connections = {
      "sessions"                                         = ["BatchGetItem", "GetItem", "UpdateItem"]
      "sessions/index/active-index"                      = ["Query"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "Scan", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
      "rate_limits"                                      = ["DeleteItem", "UpdateItem"]
    }
    publish_status = {
      "sessions"                                         = ["BatchGetItem", "GetItem", "UpdateItem"]
      "sessions/index/active-index"                      = ["Query"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
    }
    reconcile_counts = {
      "sessions"                                         = ["BatchGetItem"]
      "sessions/index/active-index"                      = ["Query"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
    }
    on_session_change = {
      "sessions"                                         = ["GetItem", "UpdateItem"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
    }
    on_counts_change = {
      "sessions"                                         = ["GetItem", "UpdateItem"]
      "counts"                                           = ["Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
      "history"                                          = ["PutItem"]
    }
    run_jobs = {
      "sessions"                                         = ["BatchGetItem", "GetItem", "UpdateItem"]
      "sessions/index/active-index"                      = ["Query"]
      "counts"                                           = ["GetItem", "Query", "UpdateItem"]
      "connections"                                      = ["BatchGetItem", "DeleteItem", "GetItem", "Scan", "UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      "connections/index/tenantId-index"                 = ["Query"]
      "subscriptions"                                    = ["DeleteItem", "GetItem", "PutItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      "requests"                                         = ["BatchGetItem", "GetItem", "UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
      "history"                                          = ["GetItem", "Query"]
      "rate_limits"                                      = ["DeleteItem", "UpdateItem"]
    }
    send_replies = {
      "sessions"    = ["GetItem", "UpdateItem"]
      "connections" = ["GetItem", "UpdateItem"]
      "history"     = ["GetItem", "Query"]
    }
  }

  # Functions that send jobs; SendMessage covers batches too.
  sends_jobs = [for function in keys(local.tables) : function if function != "send_replies"]

  # Functions that send first replies: run_jobs those that an earlier version left on the jobs queue.
  sends_replies = ["websocket_connect", "send_replies", "run_jobs"]

  # Functions that read the number of waiting jobs.
  counts_jobs = ["api_handler"]

  # Functions that use the management API -> its methods: POST sends, DELETE closes.
  management = {
    api_handler          = ["POST", "DELETE"]
    websocket_connect    = ["POST"]
    websocket_message    = ["POST"]
    websocket_disconnect = ["POST"]
    sweep_connections    = ["POST", "DELETE"]
    publish_status       = ["POST"]
    on_session_change    = ["POST"]
    on_counts_change     = ["POST"]
    run_jobs             = ["POST", "DELETE"]
    send_replies         = ["POST", "DELETE"]
  }

  # Functions with an event source, which Lambda reads with the role of the function. Those of
  # streams -> the table.
  reads_queue  = { run_jobs = var.queue_arn, send_replies = var.replies_arn }
  reads_stream = { on_session_change = "sessions", on_counts_change = "counts" }
}
