// The container `sender`, where mail leaves by ourselves: it takes the bells of active and deferred, as the function `delivery` does
// elsewhere, and has in one process what belongs together: how many go to a destination at a time, and open sessions.
//
// Implementation notes: a second one beside it, as at each deployment, does no harm: a group is delivered under a lease.

import { openOutboundTls } from '#services/assembly/outbound-tls.ts'
import { assembleDelivery, openQueueManager } from '#services/assembly/pipeline.ts'
import { openRemoteDelivery } from '#services/assembly/remote.ts'
import { StartFailure } from '#services/assembly/start-failure.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { openBackend } from './open-backend.ts'
import { startProcess } from './process.ts'
import { watchForStop } from './stop-signal.ts'

const METRICS_EVERY_MS = 60_000
/** What another host has not taken by then is deferred; ECS ends the process 120 s after SIGTERM. */
const DELIVERY_GRACE_MS = 90_000

async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const { settings, log, metrics, region } = startProcess('sender', environment)
  const stop = watchForStop({
    metadataUrl: environment.ECS_CONTAINER_METADATA_URI_V4,
    clock: systemClock,
  })
  await using closing = new AsyncDisposableStack()
  closing.defer(() => stop.close())
  const { backend, store } = await openBackend({ environment, settings, log, region })
  closing.use(store)
  const tls = openOutboundTls(backend)
  const remote = openRemoteDelivery(backend, { relayhostAuth: null, tlsCa: undefined }, { tls })
  const delivery = assembleDelivery(backend, remote.deliver)
  const manager = openQueueManager(
    () => backend,
    () => delivery,
  )
  const gauges = setInterval(() => metrics.flush(), METRICS_EVERY_MS)
  log.info({ service: 'delivery' }, 'ready')
  const reason = await stop.stopping
  log.info({ service: 'delivery', reason }, 'stopping')
  const timer = setTimeout(() => remote.cutOff(), DELIVERY_GRACE_MS)
  await manager.stop()
  clearTimeout(timer)
  remote.close()
  await tls.settle()
  clearInterval(gauges)
  metrics.flush()
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
