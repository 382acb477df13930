// The container `sender`, where mail leaves by ourselves: it takes the bells of active and deferred, as the function `delivery` does
// elsewhere, and has in one process what belongs together: how many go to a destination at a time, and open sessions.
//
// Implementation notes: a second one beside it, as at each deployment, does no harm: a group is delivered under a lease.

import type { Backend } from '#services/assembly/backend.ts'
import { openOutboundTls } from '#services/assembly/outbound-tls.ts'
import { assembleDelivery, openQueueManager } from '#services/assembly/pipeline.ts'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { SEND_EVERY_MS } from '#shared/figures/parts.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { openFigureSender } from './figures.ts'
import { followSettings } from './follow-settings.ts'
import { openBackend } from './open-backend.ts'
import { startProcess } from './process.ts'
import { watchForStop } from './stop-signal.ts'

const METRICS_EVERY_MS = 60_000
/** What another host has not taken by then is deferred; ECS ends the process 120 s after SIGTERM. */
const DELIVERY_GRACE_MS = 90_000

async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const { metrics, counter, ...started } = startProcess('sender', environment)
  const { log } = started
  const stop = watchForStop({
    metadataUrl: environment.ECS_CONTAINER_METADATA_URI_V4,
    clock: systemClock,
  })
  await using closing = new AsyncDisposableStack()
  closing.defer(() => stop.close())
  const { backend, store, running } = await openBackend({ environment, ...started })
  closing.use(store)
  const figures = openFigureSender({ backend, counter })
  const waysOf = (from: Backend) => {
    const tls = openOutboundTls(from)
    const remote = openRemoteDelivery(from, { relayhostAuth: null, tlsCa: undefined }, { tls })
    return { tls, remote, delivery: assembleDelivery(from, remote.deliver) }
  }
  let newest = backend
  /** The one in use last; those before it end what they have begun. */
  let ways = [waysOf(backend)]
  const last = () => ways.at(-1) ?? waysOf(newest)
  const { follow, stopFollowing, closed } = followSettings(
    { running, first: backend, log },
    (changed) => {
      newest = changed
      for (const { remote } of ways) remote.close()
      ways = [...ways.filter(({ remote }) => !remote.isIdle()), waysOf(changed)]
    },
  )
  closing.defer(stopFollowing)
  const manager = openQueueManager(
    () => newest,
    () => last().delivery,
  )
  follow()
  const gauges = setInterval(() => metrics.flush(), METRICS_EVERY_MS)
  const counting = setInterval(() => void figures.send(), SEND_EVERY_MS)
  log.info({ service: 'delivery' }, 'ready')
  const reason = await Promise.race([stop.stopping, closed])
  log.info({ service: 'delivery', reason }, 'stopping')
  const timer = setTimeout(() => {
    for (const { remote } of ways) remote.cutOff()
  }, DELIVERY_GRACE_MS)
  await manager.stop()
  clearTimeout(timer)
  for (const { remote, tls } of ways) {
    remote.close()
    await tls.settle()
  }
  clearInterval(gauges)
  clearInterval(counting)
  metrics.flush()
  await figures.send()
  log.info({ service: 'delivery' }, 'stopped')
}

try {
  await serve(process.env)
} catch (error) {
  if (!(error instanceof StartFailure)) throw error
  // What the deployment got wrong, in the words of whoever has to mend it.
  process.stderr.write(`postwolke: ${error.message.replaceAll('\n', '\npostwolke: ')}\n`)
  process.exitCode = 1
}
