# What each function may call, as a table: function -> table or index -> DynamoDB actions.
# tests/terraform/test_permissions.py compares it, action by action, with what the functions were
# seen to call. A transaction needs the actions of its items, not one of its own.
locals {
  tables = {
    websocket_connect = {
      sessions                                           = ["GetItem", "PutItem", "UpdateItem"]
      connections                                        = ["GetItem", "PutItem", "UpdateItem", "DeleteItem"]
      history                                            = ["Query"]
      rate_limits                                        = ["UpdateItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
    }
    websocket_message = {
      sessions                                           = ["GetItem", "PutItem", "UpdateItem"]
      connections                                        = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      subscriptions                                      = ["PutItem", "DeleteItem", "Query"]
      requests                                           = ["GetItem", "PutItem", "UpdateItem"]
      history                                            = ["PutItem", "Query"]
      rate_limits                                        = ["UpdateItem"]
    }
    websocket_disconnect = {
      sessions                                           = ["GetItem", "UpdateItem"]
      connections                                        = ["GetItem", "UpdateItem", "DeleteItem", "BatchWriteItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      subscriptions                                      = ["BatchWriteItem"]
      "subscriptions/index/connectionId-index"           = ["Query"]
      requests                                           = ["UpdateItem"]
      "requests/index/connectionId-createdAt-index"      = ["Query"]
    }
    sweep_connections = {
      sessions                                           = ["GetItem", "BatchGetItem", "UpdateItem"]
      "sessions/index/active-index"                      = ["Query"]
      connections                                        = ["GetItem", "Scan", "UpdateItem", "DeleteItem", "BatchWriteItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
    }
    publish_status = {
      sessions                      = ["BatchGetItem", "UpdateItem"]
      "sessions/index/active-index" = ["Query"]
    }
    reconcile_counts = {
      sessions                                           = ["GetItem", "UpdateItem"]
      "sessions/index/active-index"                      = ["Query"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
    }
    on_session_change = {
      sessions                                           = ["UpdateItem"]
      connections                                        = ["DeleteItem", "BatchWriteItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
    }
    run_jobs = {
      sessions                                           = ["GetItem", "BatchGetItem", "UpdateItem"]
      connections                                        = ["GetItem", "Scan", "UpdateItem", "DeleteItem", "BatchWriteItem"]
      "connections/index/sessionId-targetLanguage-index" = ["Query"]
      requests                                           = ["GetItem", "UpdateItem"]
    }
  }

  # Functions that send jobs; a batch needs no more than SendMessage.
  sends_jobs = [
    "websocket_connect",
    "websocket_message",
    "websocket_disconnect",
    "sweep_connections",
    "publish_status",
    "on_session_change",
    "run_jobs",
  ]

  # Functions that use the management API -> its methods: POST sends, DELETE closes.
  management = {
    websocket_message    = ["POST", "DELETE"]
    websocket_disconnect = ["POST", "DELETE"]
    sweep_connections    = ["POST", "DELETE"]
    publish_status       = ["POST"]
    on_session_change    = ["POST", "DELETE"]
    run_jobs             = ["POST", "DELETE"]
  }

  # Functions that Lambda feeds from a source, with the role of the function.
  reads_jobs   = ["run_jobs"]
  reads_stream = ["on_session_change"]
}
