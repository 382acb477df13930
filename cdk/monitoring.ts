// Makes the alarms and the dashboard of what the parts of the system let be watched. Every alarm has a runbook of the same name in
// docs/runbooks.md.

import { Stack } from 'aws-cdk-lib'
import { Alarm, ComparisonOperator, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import { Construct } from 'constructs'
import type { Deployment } from './configuration.ts'
import { createDashboard } from './dashboard.ts'
import { ownMetric } from './metrics.ts'
import type { PresetName } from './presets.ts'
import type { AlarmFacts, Watched } from './watched.ts'

export class Monitoring extends Construct {
  constructor(
    scope: Construct,
    id: string,
    {
      deployment,
      watched,
    }: { readonly deployment: Deployment; readonly watched: readonly Watched[] },
  ) {
    super(scope, id)
    const { alarmEmail, preset } = deployment
    const tell = alarmEmail === '' ? undefined : telling(this, alarmEmail)
    for (const facts of watched.flatMap(({ alarms }) => alarms)) {
      const made = alarm(this, facts, preset.name)
      if (tell !== undefined) made.addAlarmAction(tell)
    }
    createDashboard(
      this,
      watched.flatMap(({ graphs }) => graphs),
    )
  }
}

/** What all entries write into their logs and no one of them answers for. */
export function watchLogs(deployment: Deployment): Watched {
  const failures = ownMetric(deployment, 'Failures')
  return {
    alarms: [
      {
        name: 'Failures',
        meaning: 'Many errors in the logs',
        metric: failures,
        threshold: { hobby: 5, standard: 10, scale: 50 },
      },
    ],
    graphs: [{ row: 'Outbound', title: 'Errors logged', metrics: [failures] }],
  }
}

function telling(scope: Construct, address: string): SnsAction {
  const topic = new Topic(scope, 'Topic', { displayName: 'Postwolke', enforceSSL: true })
  topic.addSubscription(new EmailSubscription(address))
  // A policy of its own, as enforceSSL makes one, takes the place of the one that lets alarms in.
  topic.addToResourcePolicy(
    new PolicyStatement({
      actions: ['sns:Publish'],
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  )
  return new SnsAction(topic)
}

function alarm(scope: Construct, facts: AlarmFacts, preset: PresetName): Alarm {
  const { name, meaning, metric, threshold } = facts
  return new Alarm(scope, name, {
    alarmDescription: `${meaning} (docs/runbooks.md, ${name})`,
    metric,
    threshold: typeof threshold === 'number' ? threshold : threshold[preset],
    comparisonOperator: facts.operator ?? ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: facts.periods ?? 1,
    datapointsToAlarm: facts.bad ?? facts.periods ?? 1,
    treatMissingData: facts.isBadWithoutData
      ? TreatMissingData.BREACHING
      : TreatMissingData.NOT_BREACHING,
  })
}
