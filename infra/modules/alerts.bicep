// Alerts on the connector's own metrics. They are read from the workspace (table AppMetrics), where Azure Monitor puts what
// the connector exports over OpenTelemetry. Names and units: docs/operations.md.

param environmentName string
param location string
param tags object
param workspaceId string
param email string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-8x8-${environmentName}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: take('8x8 ${environmentName}', 12)
    enabled: true
    emailReceivers: [{ name: 'operators', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// value: one number for each five minutes. A histogram arrives with Sum, Min, Max and ItemCount, a counter as its Sum.
var rules = [
  {
    name: 'inbox-age'
    title: 'Events wait too long'
    description: 'An event was older than 60 s when its turn was committed: the queue function is behind, or it does not run.'
    metric: 'eightbyeight.inbox.age'
    filter: ''
    value: 'max(coalesce(Max, Sum))'
    threshold: 60
    severity: 1
  }
  {
    name: 'parked'
    title: 'Work was parked'
    description: 'Something failed for good and waits for a person: GET /api/parked.'
    metric: 'eightbyeight.parked'
    filter: ''
    value: 'sum(Sum)'
    threshold: 0
    severity: 2
  }
  {
    name: 'webhook-refused'
    title: 'Webhook signatures are refused'
    description: 'More than 10 events in 5 minutes had no valid signature: a wrong tenant or key, a wrong clock, or an attack.'
    metric: 'eightbyeight.webhook.refused'
    // 400, 404 and 413 are counted too, and are no matter of signatures.
    filter: '| where tostring(Properties.status) == "401" '
    value: 'sum(Sum)'
    threshold: 10
    severity: 2
  }
  {
    name: 'chat-gateway-errors'
    title: '8x8 answers with errors'
    description: 'More than 20 requests to the Chat Gateway failed in 5 minutes.'
    metric: 'eightbyeight.chat_gateway.errors'
    filter: ''
    value: 'sum(Sum)'
    threshold: 20
    severity: 2
  }
  {
    name: 'turn-duration'
    title: 'Turns are slow'
    description: 'A turn took more than 10 s on average over 5 minutes: a slow Flow, a slow service it calls, or 8x8.'
    metric: 'eightbyeight.turn.duration'
    filter: ''
    value: 'sum(Sum) / sum(ItemCount)'
    threshold: 10
    severity: 3
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'alert-8x8-${environmentName}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: '8x8 connector (${environmentName}): ${rule.title}'
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT5M'
      // A new workspace has no metrics yet, and the query must not fail the first deployment.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: 'AppMetrics | where Name == "${rule.metric}" ${rule.filter}| summarize value = ${rule.value} by bin(TimeGenerated, 5m)'
            timeAggregation: 'Maximum'
            metricMeasureColumn: 'value'
            operator: 'GreaterThan'
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: [people.id] }
    }
  }
]
