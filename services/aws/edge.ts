// The container: the listeners that its settings enable, behind the network load balancer. All seven in one task, or SMTP, IMAP
// and POP3 each in a service of its own; which variables it must have follows from that.
//
// Implementation notes: when it has to leave it turns unready, so that no new connection comes, and asks its sessions to go one
// after the other, so that not all clients of a task come back at the same moment. What has no `250` was not accepted.

import { monitorEventLoopDelay } from 'node:perf_hooks'
import { LambdaClient } from '@aws-sdk/client-lambda'
import { authenticationSteps, startDmarcReports } from '#services/assembly/authentication.ts'
import type { Backend } from '#services/assembly/backend.ts'
import { assembleContent } from '#services/assembly/content.ts'
import { openCountries } from '#services/assembly/countries.ts'
import { openQuestionResolvers } from '#services/assembly/dns.ts'
import { openListeners } from '#services/assembly/listeners.ts'
import { listeningBackend } from '#services/assembly/listening-backend.ts'
import { openMilters } from '#services/assembly/milters.ts'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { startTlsReports } from '#services/assembly/tls-reports.ts'
import { asksRecentLogins } from '#shared/auth/pop-before-smtp.ts'
import { SEND_EVERY_MS } from '#shared/figures/parts.ts'
import { daysLeft } from '#shared/net/tls/days-left.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { loadSettings } from '#shared/settings/load.ts'
import { type ContainerName, containerOf } from './environment.ts'
import { openFigureSender } from './figures.ts'
import { followSettings } from './follow-settings.ts'
import { openHealthServer } from './health.ts'
import { openBackend } from './open-backend.ts'
import { createPolicyClient } from './policy-client.ts'
import { startProcess } from './process.ts'
import { requestTimeouts } from './request-timeouts.ts'
import { openSecretCertificate } from './secret-certificate.ts'
import { openSecretsManager, rememberedText, Secret } from './secrets.ts'
import { watchForStop } from './stop-signal.ts'

/** What a container can have after SIGTERM at most (120 s), less some for the last steps. */
const AFTER_SIGTERM_MS = 110_000
const METRICS_EVERY_MS = 60_000
const CERTIFICATE_TOLD_EVERY_MS = 12 * 3_600_000
/** A shorter wait for the event loop is ordinary. */
const LAG_NOTED_MS = 100
/** How long a load balancer may still send connections to a target that it was told to leave. */
const LEAVING_MS = 180_000
/** What sessions have to end in when the store was closed for a move. */
const CLOSED_MS = 10_000
/** Share of the drain time in which sessions are asked to go; the rest is for those that are in the middle of something. */
const PACED_SHARE = 0.7

async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const { variables, metrics, counter, ...started } = startProcess(
    containerName(environment),
    environment,
  )
  const { log, region } = started
  const stop = watchForStop({
    metadataUrl: environment.ECS_CONTAINER_METADATA_URI_V4,
    clock: systemClock,
  })
  const ended = new AbortController()
  await using closing = new AsyncDisposableStack()
  closing.defer(() => stop.close())
  const secrets = openSecretsManager()
  const { OIDC_CLIENT_SECRET: oidcSecret } = variables
  const { backend, store, running } = await openBackend({
    ...{ environment, ...started },
    readOidcSecret:
      oidcSecret === '' ? undefined : rememberedText(new Secret(secrets, oidcSecret), systemClock),
  })
  const { settings } = backend
  closing.use(store)
  const figures = openFigureSender({ backend, counter })
  const certificates = await openSecretCertificate({
    secret: new Secret(secrets, variables.TLS_SECRET),
    hostname: settings.hostname,
    clock: systemClock,
    random: Math.random,
    log: log.child({ service: 'edge' }),
  })
  closing.defer(() => certificates.close())
  const health = await openHealthServer(
    environment.HEALTH_ADDRESS ?? '',
    Number(variables.HEALTH_PORT),
    systemClock,
  )
  closing.defer(() => health.close())
  const lambda = new LambdaClient({ region, requestHandler: requestTimeouts })
  const webhookSecret = await readWebhookSecret(environment.WEBHOOK_SECRET ?? '')
  // Sessions go on with those that they began with.
  const milters = openMilters(backend)
  async function decidersOf(from: Backend) {
    const edgeLog = log.child({ service: 'edge' })
    const openDns = openQuestionResolvers(from.settings, systemClock, edgeLog)
    const recorder = assembleRecorder(from)
    const onTheSpot = assemblePolicy(from, { openDns, recorder })
    const before = await authenticationSteps(from, openDns)
    const steps = { webhookSecret, before, milters: milters?.steps, recorder }
    return {
      onTheSpot,
      policy: createPolicyClient(lambda, environment.POLICY_FUNCTION ?? '', onTheSpot),
      content: assembleContent(from, steps),
    }
  }
  let newest = backend
  let deciders = await decidersOf(backend)
  closing.defer(() => deciders.onTheSpot.settle())
  const { follow, stopFollowing, closed } = followSettings(
    { running, first: backend, log },
    async (changed) => {
      const before = deciders
      deciders = await decidersOf(changed)
      newest = changed
      await before.onTheSpot.settle()
    },
  )
  closing.defer(stopFollowing)
  // SMTP and POP3 in services of their own have no queue for hints: there sessions look at their account every few seconds.
  const hints = environment.WATCH_QUEUE_PREFIX === undefined ? undefined : store.signals
  const listeners = await openListeners(
    listeningBackend(backend, () => newest),
    {
      certificates,
      policy: {
        early: (request) => deciders.policy.early(request),
        recipient: (request) => deciders.policy.recipient(request),
        data: (request) => deciders.policy.data(request),
        message: (request) => deciders.policy.message(request),
      },
      content: { begin: (facts) => deciders.content.begin(facts) },
      filters: milters?.filters,
      countryOf: await openCountries(settings),
      areLoginsAskedFor: () => asksRecentLogins(newest.settings),
      hints,
    },
  )
  follow()
  closing.use(startDmarcReports(backend))
  closing.use(startTlsReports(backend))
  const lag = monitorEventLoopDelay()
  lag.enable()
  // A stand-in lasts for years and is worth nothing: should no certificate come in its place, somebody must hear of it.
  const tellCertificate = () => {
    const days = certificates.isStandIn ? 0 : daysLeft(certificates.current(), systemClock.now())
    metrics.gauge('CertificateDaysLeft', Math.floor(days))
  }
  if (!certificates.isStandIn) tellCertificate()
  certificates.onChange(tellCertificate)
  const certificateGauge = setInterval(tellCertificate, CERTIFICATE_TOLD_EVERY_MS)
  const counting = setInterval(() => void figures.send(), SEND_EVERY_MS)
  const gauges = setInterval(() => {
    const lagMs = Math.round(lag.percentile(99) / 1e6)
    if (lagMs > LAG_NOTED_MS) metrics.gauge('EventLoopLagMilliseconds', lagMs)
    lag.reset()
    metrics.flush()
  }, METRICS_EVERY_MS)
  health.setReady(true)
  log.info({ service: 'edge', health: health.port }, 'ready')
  const isClosed = closed.then(() => true)
  const reason = await Promise.race([stop.stopping, closed])
  log.info({ service: 'edge', reason }, 'stopping')
  health.setReady(false)
  // Of a store that was closed nothing may be served any more, and whoever is sent here has nowhere else to go.
  const hasTime = !(await Promise.race([isClosed, false]))
  const drainMs = hasTime ? Number(variables.DRAIN_SECONDS) * 1_000 : CLOSED_MS
  // Unless time is short already: the load balancer goes on sending for minutes, and whom we refused could not come in anywhere.
  const leaveMs = hasTime ? Math.min(LEAVING_MS, drainMs / 2) : 0
  await Promise.race([stop.terminating, systemClock.sleep(leaveMs, ended.signal)])
  const paceMs = (drainMs - leaveMs) * PACED_SHARE
  const drained = listeners.close(drainMs - leaveMs - paceMs, paceMs)
  const mustEnd = stop.terminating.then(() => systemClock.sleep(AFTER_SIGTERM_MS, ended.signal))
  await Promise.race([drained, mustEnd])
  await listeners.close(0)
  ended.abort()
  clearInterval(gauges)
  clearInterval(counting)
  clearInterval(certificateGauge)
  metrics.flush()
  await figures.send()
  log.info({ service: 'edge' }, 'stopped')
}

/** What signs requests to the webhook: the text of a secret. A container that cannot read it does not start. */
async function readWebhookSecret(arn: string): Promise<string | undefined> {
  if (arn === '') return undefined
  return (await new Secret(openSecretsManager(), arn).read())?.text
}

const isContained = (name: string): name is keyof typeof containerOf => name in containerOf

/** Which variables are needed: those of the one protocol that is served, or of all. */
function containerName(environment: NodeJS.ProcessEnv): ContainerName {
  const loaded = loadSettings({ environment, overrides: [] })
  if (loaded.kind === 'invalid') return 'edge' // startProcess says what is wrong
  const enabled = Object.entries(loaded.settings.listeners).filter(([, { enabled }]) => enabled)
  const containers = new Set<ContainerName>(
    // A function serves HTTP.
    enabled.flatMap(([name]) => (isContained(name) ? [containerOf[name]] : [])),
  )
  const [only] = containers
  return containers.size === 1 && only !== undefined ? only : 'edge'
}

try {
  await serve(process.env)
} catch (error) {
  if (!(error instanceof StartFailure)) throw error
  // What the deployment got wrong, in the words of whoever has to mend it.
  process.stderr.write(`postwolke: ${error.message.replaceAll('\n', '\npostwolke: ')}\n`)
  process.exitCode = 1
}
