// The whole mail system in one process: the wiring diagram of the embedded mode.
//
// Implementation notes: `stop` first closes the listeners (sessions end, what has no `250` was not accepted), then lets the
// workers finish what they hold, then closes the store. A kill at any moment loses nothing: everything accepted is in the
// queue table with a due time. Deliveries to other hosts may take minutes; they get their own grace time and are then cut off
// and deferred. One process serves a data folder: the lock comes first and goes last.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openAcme, renewNow } from '#services/assembly/acme.ts'
import { ADMINISTRATOR_TOPIC, createTakeOver } from '#services/assembly/administrator-log.ts'
import { startAuditSeals } from '#services/assembly/audit.ts'
import { authenticationSteps, startDmarcReports } from '#services/assembly/authentication.ts'
import { type Backend, createBackend } from '#services/assembly/backend.ts'
import { assembleContent, webhookSecretFrom } from '#services/assembly/content.ts'
import { openCountries } from '#services/assembly/countries.ts'
import { openQuestionResolvers } from '#services/assembly/dns.ts'
import { createMeasure, startFigures } from '#services/assembly/figures.ts'
import { openHttpListeners } from '#services/assembly/http.ts'
import { assembleJobRunner, indexDirectoryWhereMissing } from '#services/assembly/jobs.ts'
import { type OpenListener, openListeners } from '#services/assembly/listeners.ts'
import { listeningBackend } from '#services/assembly/listening-backend.ts'
import { assembleMetrics } from '#services/assembly/metrics.ts'
import { openMilters } from '#services/assembly/milters.ts'
import { observe } from '#services/assembly/observation.ts'
import { openPickup } from '#services/assembly/pickup.ts'
import { assemblePolicy, assembleRecorder } from '#services/assembly/policy.ts'
import {
  type OpenRemoteDelivery,
  openRemoteDelivery,
  type RemoteSecrets,
} from '#services/assembly/remote.ts'
import { explained, StartFailure } from '#services/assembly/start-failure.ts'
import { startTlsReports } from '#services/assembly/tls-reports.ts'
import { trustedCertificates } from '#services/assembly/trusted-certificates.ts'
import { assembleWeb } from '#services/assembly/web.ts'
import { startJobLoop } from '#services/jobs/loop.ts'
import { createPolicyServers } from '#services/policy/delegation/servers.ts'
import { findPostmaster } from '#shared/administration/postmaster.ts'
import type { Renewal } from '#shared/administration/service.ts'
import { asksRecentLogins } from '#shared/auth/pop-before-smtp.ts'
import type { ProbeAddress } from '#shared/contracts/verify.ts'
import { createSettingStore, SETTINGS_TOPIC } from '#shared/directory/stored-settings.ts'
import { createStoredFigures } from '#shared/figures/series.ts'
import { parseDomain } from '#shared/mail/domain.ts'
import { createSparingLog } from '#shared/net/sparing-log.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import { readPair } from '#shared/net/tls/certificate-files.ts'
import { openCertificateSource } from '#shared/net/tls/certificate-source.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import type { Log } from '#shared/runtime/log.ts'
import type { StoredSettings } from '#shared/settings/load.ts'
import { formatProblem } from '#shared/settings/problems.ts'
import { type Reloaded, reloadSettings } from '#shared/settings/reload.ts'
import { type LoadStored, loadTolerantly } from '#shared/settings/stored.ts'
import type { Settings } from '#shared/settings/table.ts'
import { reserveBytesOf } from '#shared/storage/embedded/disk-space.ts'
import { openEmbeddedStore } from '#shared/storage/embedded/open.ts'
import { lockForServing } from '#shared/storage/embedded/serving-lock.ts'
import { refuseWhileMoved } from '#shared/storage/move-mark.ts'

import { createMachine } from './machine.ts'

import { workAlone } from './work-alone.ts'

import { createWorkers } from './workers.ts'

export type System = {
  readonly backend: Backend
  readonly listeners: readonly OpenListener[]
  readonly certificates: CertificateSource
  /**
   * Takes over what can change while the system runs, and reads the certificate again. Rejects with a StartFailure, and changes
   * nothing, when what they name is not usable.
   */
  reload(wanted: Settings): Promise<Reloaded>
  /** What was changed while it ran. */
  storedSettings(): Promise<StoredSettings>
  /** Ends sessions within the grace time, finishes the work in hand and closes the store. */
  stop(): Promise<void>
}

/** How long a session may take to finish its transaction when the system stops. */
export const STOP_GRACE_MS = 10_000
/** How long deliveries to other hosts may go on after that. */
export const DELIVERY_GRACE_MS = 3_000
/** Expired items removed at once, and how often in one go. */
const PURGE_ITEMS = 1_000
const PURGES_MAX = 100

/** Rejects with a StartFailure when what the settings name is not there or not usable. */
export async function startSystem(deps: {
  readonly directory: string
  readonly settings: Settings
  readonly log: Log
  readonly version: string
  /** Reads the settings again, with those that are stored; absent: there are those above alone. */
  readonly loadSettings?: LoadStored
  /** Told what is in force from now on, beyond what a SIGHUP brings. */
  readonly onSettings?: (settings: Settings) => void
}): Promise<System> {
  const clock = systemClock
  await using opening = new AsyncDisposableStack()
  const spans = await openSpansOf(deps)
  if (spans) opening.defer(() => spans.close())
  const observation = observe(deps.log, clock, spans)
  const { log, events } = observation
  const what = `cannot use the data folder ${deps.directory}`
  const lock = opening.use(await explained(what, lockForServing(deps.directory, clock.now())))
  const store = opening.use(
    await explained(
      what,
      openEmbeddedStore({
        directory: deps.directory,
        clock,
        log,
        reserveBytes: reserveBytesOf(deps.settings),
      }),
    ),
  )
  await explained(what, refuseWhileMoved(store.tables.directory))
  const settingStore = createSettingStore({
    table: store.tables.directory,
    signals: store.signals,
    clock,
  })
  /** With what was changed while it ran. What of that is not usable is told and left out: it must not keep the system from starting. */
  async function settingsInForce(): Promise<Settings> {
    const { loadSettings } = deps
    if (loadSettings === undefined) return deps.settings
    const tolerant = await loadTolerantly(loadSettings, await settingStore.read())
    if (tolerant.kind !== 'ok') {
      throw new StartFailure(tolerant.problems.map(formatProblem).join('\n'))
    }
    for (const { path, reason } of tolerant.dropped) {
      log.error({ setting: path, reason }, 'stored setting not used')
    }
    return tolerant.loaded.settings
  }
  const settings = await settingsInForce()
  deps.onSettings?.(settings)
  const { loadSettings } = deps
  const opened = { store, clock, log, events, ...(loadSettings && { loadSettings }) }
  const backend = createBackend({ ...opened, settings })
  let running = backend
  const acme = await openAcme(deps.directory, settings, clock)
  const certificates = await explained(
    'cannot use the certificate of tls.certificateFile and tls.keyFile',
    openCertificateSource({
      ...(acme?.files ?? settings.tls),
      folder: join(deps.directory, 'tls'),
      hostname: settings.hostname,
      log,
    }),
  )
  opening.defer(() => certificates.close())
  /** The one in use last; those before it end what they have begun. */
  let remotes = [openRemoteDelivery(backend, await remoteSecrets(settings))]
  const services = createWorkers(backend, (...given) => newest(remotes).deliver(...given))
  let pickup: Awaited<ReturnType<typeof openPickup>> | undefined
  // A server that ends may still be at it, while this one listens already.
  const work = await workAlone({ directory: deps.directory, clock, log }, async () => {
    // Before anybody works on the queue: what a crash left half taken.
    pickup = await openPickup(deps.directory, backend, () => running.settings)
    const workers = services.start(async () => {
      await store.sweepOrphans()
      for (
        let i = 0;
        i < PURGES_MAX && (await store.purgeExpired(PURGE_ITEMS)) === PURGE_ITEMS;
        i++
      );
    })
    const submitting = pickup.start()
    return async () => {
      // Before the workers stop: what it takes is theirs.
      await submitting.stop()
      const timer = setTimeout(() => {
        for (const { cutOff } of remotes) cutOff()
      }, DELIVERY_GRACE_MS)
      await workers.stop()
      clearTimeout(timer)
    }
  })
  opening.defer(async () => {
    await work.stop()
    for (const { close } of remotes) close()
  })
  const measure = createMeasure(backend, deps.directory)
  const figures = startFigures(backend, { counter: observation.counter, measure })
  opening.defer(() => figures.stop())
  const machine = createMachine({ directory: deps.directory, clock })
  let runner = assembleJobRunner(backend, { machine })
  const jobs = await startJobLoop({
    runner: { run: (options) => runner.run(options) },
    signals: store.signals,
    clock,
    log: log.child({ service: 'jobs' }),
  })
  opening.defer(() => jobs.stop())
  await indexDirectoryWhereMissing(backend)
  const probe: ProbeAddress = (...asked) => newest(remotes).probe(...asked)
  // Sessions go on with those that they began with.
  const milters = openMilters(backend)
  const policyServers = createPolicyServers({ clock })
  const policyLog = createSparingLog(log.child({ service: 'policy' }), clock)
  opening.defer(() => policyLog.close())
  /** They share what is remembered of the DNS. */
  const decidersOf = async (from: Backend) => {
    const openDns = openQuestionResolvers(from.settings, clock, policyLog)
    const webhookSecret = await webhookSecretFrom(from.settings)
    const before = await authenticationSteps(from, openDns)
    const recorder = assembleRecorder(from)
    const content = assembleContent(from, {
      webhookSecret,
      before,
      milters: milters?.steps,
      recorder,
    })
    const world = { openDns, probe, policyServers, recorder, log: policyLog }
    return { policy: assemblePolicy(from, world), content }
  }
  let { policy, content } = await decidersOf(backend)
  opening.defer(() => policy.settle())
  const listening = listeningBackend(backend, () => running)
  const listeners = await openListeners(listening, {
    certificates,
    clientAuthorities:
      settings.smtpdTlsCAfile === ''
        ? undefined
        : await trustedCertificates(settings.smtpdTlsCAfile, 'smtpdTlsCAfile'),
    policy: {
      early: (request) => policy.early(request),
      recipient: (request) => policy.recipient(request),
      data: (request) => policy.data(request),
      message: (request) => policy.message(request),
    },
    content: { begin: (facts) => content.begin(facts) },
    filters: milters?.filters,
    countryOf: await openCountries(settings),
    areLoginsAskedFor: () => asksRecentLogins(running.settings),
    hints: store.signals,
  })
  let closing: Promise<unknown> | undefined
  /** At once nobody is accepted any more; resolves when the last session has ended. */
  const closeListeners = (parts: readonly (() => Promise<unknown>)[]) => {
    closing ??= Promise.all(parts.map((close) => close()))
    return closing
  }
  const closeMail = () => listeners.close(STOP_GRACE_MS)
  opening.defer(async () => void (await closeListeners([closeMail])))
  let isReady = false
  const metrics = assembleMetrics(backend, {
    counter: observation.counter,
    measure,
    version: deps.version,
    settings: () => running.settings,
    isReady: () => isReady,
    certificate: () => certificates.current(),
  })
  /** Until the listeners are open that prove our names. */
  let renewKept = async (): Promise<Renewal> => ({ kind: 'failed', reason: 'not started yet' })
  const web = assembleWeb({
    // Each request sees what is in force.
    backend: Object.defineProperty({ ...listening }, 'settings', { get: () => running.settings }),
    version: deps.version,
    events,
    streams: true,
    sessions: listeners.sessions,
    figures: createStoredFigures(store.tables.counters, clock),
    machine,
    ...(acme && { renewCertificate: async () => await renewKept() }),
    acme: acme?.handler,
    certificate: () => certificates.current(),
    async consoleFiles() {
      const { buildConsole } = await import('#services/console/build.ts')
      return await buildConsole()
    },
  })
  const parts = [...metrics, ...web]
  const spanned = spans ? spans.around(parts, clock) : parts
  const http = await openHttpListeners(backend, spanned, { certificates, take: acme?.take })
  opening.defer(async () => void (await closeListeners([closeMail, () => http.close()])))
  const keeper = acme?.start(backend, () => certificates.reload())
  if (keeper !== undefined) renewKept = () => renewNow(keeper, clock)
  opening.defer(async () => await keeper?.stop())
  opening.use(startDmarcReports(backend))
  opening.use(startTlsReports(backend))
  opening.use(startAuditSeals(backend))
  const takeOver = createTakeOver(store.tables.counters, log)
  const told = await store.signals.subscribe(ADMINISTRATOR_TOPIC, () => void takeOver())
  opening.defer(() => told.close())
  await takeOver()
  await lock.tell({
    version: deps.version,
    listeners: [...listeners.opened, ...http.opened],
    certificateFile: certificates.certificateFile,
    hostname: settings.hostname,
  })
  await warnWithoutPostmaster(backend)
  /** One at a time: two that change at once would leave the earlier in force. */
  let reloading: Promise<unknown> = Promise.resolve()
  async function reload(wanted: Settings): Promise<Reloaded> {
    const reloaded = reloadSettings(running.settings, wanted)
    const auth = await remoteSecrets(reloaded.settings)
    // Folders and the queue stay the same: their writers know of each other.
    const changed = createBackend({ ...opened, settings: reloaded.settings })
    const next = { ...changed, mailbox: backend.mailbox, queue: backend.queue }
    const deciders = await decidersOf(next)
    await certificates.reload()
    running = next
    runner = assembleJobRunner(next, { machine })
    for (const { close } of remotes) close()
    await pickup?.tellLimits()
    const busy = remotes.filter(({ isIdle }) => !isIdle())
    remotes = [...busy, openRemoteDelivery(running, auth)]
    services.change(running, (...given) => newest(remotes).deliver(...given))
    policy = deciders.policy
    content = deciders.content
    return reloaded
  }
  const inTurn = (work: () => Promise<Reloaded>) => {
    const next = reloading.then(work)
    reloading = next.catch(() => undefined)
    return next
  }
  async function takeStored(): Promise<void> {
    const wanted = await settingsInForce()
    // A hint may come twice, and without anything behind it.
    if (reloadSettings(running.settings, wanted).taken.length === 0) return
    const { taken } = await reload(wanted)
    deps.onSettings?.(wanted)
    log.info({ changed: taken }, 'settings changed')
  }
  if (deps.loadSettings !== undefined) {
    const changing = await store.signals.subscribe(SETTINGS_TOPIC, () => {
      reloading = reloading
        .then(takeStored)
        .catch((error) => log.error({ error }, 'changed settings not taken over'))
    })
    opening.defer(() => changing.close())
  }
  const resources = opening.move()
  isReady = true
  return {
    backend,
    listeners: [...listeners.opened, ...http.opened],
    certificates,
    storedSettings: () => settingStore.read(),
    reload: (wanted) => inTurn(() => reload(wanted)),
    // In reverse order: listeners, workers, certificate, store.
    async stop() {
      isReady = false
      void closeListeners([closeMail, () => http.close()])
      // Another one may listen from here on.
      lock[Symbol.dispose]()
      await resources.disposeAsync()
    },
  }
}

/** Loaded only where the setting names a collector. */
async function openSpansOf({
  settings: { otlpEndpoint },
  version,
}: {
  readonly settings: Settings
  readonly version: string
}) {
  if (otlpEndpoint === null) return undefined
  const { openSpans } = await import('#services/assembly/spans.ts')
  return await openSpans(otlpEndpoint, version)
}

function newest(remotes: readonly OpenRemoteDelivery[]): OpenRemoteDelivery {
  const last = remotes.at(-1)
  if (last === undefined) throw new Error('no remote delivery')
  return last
}

async function remoteSecrets(settings: Settings): Promise<RemoteSecrets> {
  const { relayhostUser, relayhostPasswordFile, smtpTlsCAfile } = settings
  const { smtpTlsCertFile, smtpTlsKeyFile, srsSecretsFile } = settings
  const read = (path: string, setting: string) =>
    explained(`cannot read ${setting}`, readFile(path, 'utf8'))
  if (srsSecretsFile !== '') await read(srsSecretsFile, 'srsSecretsFile')
  const password =
    relayhostUser === '' ? '' : await read(relayhostPasswordFile, 'relayhostPasswordFile')
  return {
    relayhostAuth:
      relayhostUser === ''
        ? null
        : { user: relayhostUser, password: password.split(/\r?\n/)[0] ?? '' },
    tlsCa:
      smtpTlsCAfile === '' ? undefined : await trustedCertificates(smtpTlsCAfile, 'smtpTlsCAfile'),
    ...(smtpTlsCertFile === ''
      ? {}
      : {
          clientCertificate: await explained(
            'cannot use the certificate of smtpTlsCertFile and smtpTlsKeyFile',
            readPair({ certificateFile: smtpTlsCertFile, keyFile: smtpTlsKeyFile }),
          ),
        }),
  }
}

/** RFC 5321 §4.5.1: there must be one. Mail for it is refused until there is. */
async function warnWithoutPostmaster({ directory, settings, log }: Backend): Promise<void> {
  const domain = parseDomain(settings.hostname)
  const domains = await directory.domains.page({ limit: 1 })
  if (domain === undefined || domains.items.length === 0) return
  if ((await findPostmaster(directory, domain)).kind === 'found') return
  log.warn(
    {},
    'nobody is postmaster: set postmasterAddress, or give the account or alias postmaster',
  )
}
