// The HTTP API: what the world asks over HTTP, all of it answered by the function `api`. Its names, their certificate, and how often it may be
// asked; who may what is decided behind it.
//
// Deliberately no web application firewall: AWS attaches none to an HTTP API, and a distribution in front of it would hide who asks, by
// whose address logins are limited.

import { RemovalPolicy } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import {
  ApiMapping,
  CfnStage,
  DomainName,
  HttpApi as GatewayApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager'
import { type IMetric, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { Function as Lambda } from 'aws-cdk-lib/aws-lambda'
import { LogGroup } from 'aws-cdk-lib/aws-logs'
import { ARecord, HostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53'
import { ApiGatewayv2DomainProperties } from 'aws-cdk-lib/aws-route53-targets'
import { Construct } from 'constructs'
import type { Deployment } from './configuration.ts'
import { FIVE_MINUTES } from './metrics.ts'
import { output } from './output.ts'
import type { BySize } from './presets.ts'
import type { AlarmFacts, Graph, Watched } from './watched.ts'

type Throttle = { readonly perSecond: number; readonly burst: number }

/** Of everybody together; each network and each actor has limits of its own behind (docs/settings.md, apiRequestsPerMinute). */
const everything: BySize<Throttle> = {
  hobby: { perSecond: 20, burst: 60 },
  standard: { perSecond: 50, burst: 150 },
  scale: { perSecond: 300, burst: 600 },
}
/** Where passwords are tried: each costs a hash. */
const signingIn: BySize<Throttle> = {
  hobby: { perSecond: 2, burst: 10 },
  standard: { perSecond: 5, burst: 20 },
  scale: { perSecond: 20, burst: 60 },
}
/** No path and no query: what stands there is the function's to tell, without secrets. */
const accessLog = {
  requestId: '$context.requestId',
  address: '$context.identity.sourceIp',
  at: '$context.requestTime',
  method: '$context.httpMethod',
  route: '$context.routeKey',
  host: '$context.domainName',
  status: '$context.status',
  bytes: '$context.responseLength',
  ms: '$context.responseLatency',
  error: '$context.error.messageString',
  integrationError: '$context.integrationErrorMessage',
} as const
const SIGN_IN_PATH = '/api/v1/session'

export class HttpApi extends Construct implements Watched {
  readonly alarms: readonly AlarmFacts[]
  readonly graphs: readonly Graph[]

  constructor(
    scope: Construct,
    id: string,
    { deployment, lambda }: { readonly deployment: Deployment; readonly lambda: Lambda },
  ) {
    super(scope, id)
    const { name, apiDomain, preset } = deployment
    const integration = new HttpLambdaIntegration('Function', lambda, {
      payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
    })
    const api = new GatewayApi(this, 'Api', {
      apiName: `${name}-api`,
      description: `${name}: API and console`,
      createDefaultStage: false,
      // Everybody knows the one name, or the other.
      disableExecuteApiEndpoint: apiDomain !== '',
      defaultIntegration: integration,
    })
    api.addRoutes({ path: SIGN_IN_PATH, methods: [HttpMethod.POST], integration })
    const logGroup = new LogGroup(this, 'AccessLog', {
      retention: deployment.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    })
    const { perSecond, burst } = everything[preset.name]
    const stage = new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: perSecond, burstLimit: burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(JSON.stringify(accessLog)),
      },
    })
    settle(stage, signingIn[preset.name])
    const names = apiDomain === '' ? [] : [apiDomain, ...deployment.apiNames]
    if (names.length > 0) this.#answerTo(names, deployment, api, stage)
    output(this, 'ApiUrl', apiDomain === '' ? api.apiEndpoint : `https://${apiDomain}`)
    output(
      this,
      'FirstOwner',
      'npx postwolke owner link --aws cdk-outputs.json prints a link that makes the first owner',
    )
    const metric = (metricName: string, statistic: string) =>
      api.metric(metricName, { period: FIVE_MINUTES, statistic })
    const failures = metric('5xx', Stats.SUM)
    const time = lambda.metricDuration({ period: FIVE_MINUTES, statistic: Stats.SUM })
    this.alarms = alarmsOf(failures)
    this.graphs = [
      { row: 'Cost', title: 'API time (ms)', metrics: [time] },
      { row: 'API', title: 'Requests', metrics: [metric('Count', Stats.SUM)] },
      { row: 'API', title: 'Refused, failed', metrics: [metric('4xx', Stats.SUM), failures] },
      { row: 'API', title: 'Time (ms)', metrics: [metric('Latency', Stats.p(95))] },
    ]
  }

  #answerTo(
    names: readonly string[],
    deployment: Deployment,
    api: GatewayApi,
    stage: HttpStage,
  ): void {
    const { hostedZone, apiCertificateArn } = deployment
    const zone =
      hostedZone &&
      HostedZone.fromHostedZoneAttributes(this, 'Zone', {
        hostedZoneId: hostedZone.id,
        zoneName: hostedZone.name,
      })
    const [domainName = '', ...subjectAlternativeNames] = names
    const certificate =
      apiCertificateArn === ''
        ? new Certificate(this, 'Certificate', {
            domainName,
            subjectAlternativeNames,
            validation: CertificateValidation.fromDns(zone),
          })
        : Certificate.fromCertificateArn(this, 'Certificate', apiCertificateArn)
    for (const name of names) {
      const domain = new DomainName(this, `Name-${name}`, { domainName: name, certificate })
      new ApiMapping(this, `Mapping-${name}`, { api, domainName: domain, stage })
      if (zone === undefined || !`.${name}`.endsWith(`.${hostedZone?.name}`)) continue
      new ARecord(this, `Record-${name}`, {
        zone,
        recordName: `${name}.`,
        target: RecordTarget.fromAlias(
          new ApiGatewayv2DomainProperties(domain.regionalDomainName, domain.regionalHostedZoneId),
        ),
      })
    }
  }
}

/** What the construct of the CDK has no words for: the limit of one route. */
function settle(stage: HttpStage, { perSecond, burst }: Throttle): void {
  const made = stage.node.defaultChild
  if (!(made instanceof CfnStage)) throw new Error('the stage is none')
  made.routeSettings = {
    [`POST ${SIGN_IN_PATH}`]: { ThrottlingRateLimit: perSecond, ThrottlingBurstLimit: burst },
  }
}

function alarmsOf(failures: IMetric): readonly AlarmFacts[] {
  return [
    {
      name: 'ApiFailures',
      meaning: 'The API or the console does not answer, or with an error',
      metric: failures,
      threshold: { hobby: 5, standard: 10, scale: 50 },
      periods: 3,
      bad: 2,
    },
  ]
}
