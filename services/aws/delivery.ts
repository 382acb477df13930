// The function `delivery`: woken by the queues active and deferred.

import { openOutboundTls } from '#services/assembly/outbound-tls.ts'
import { assembleDelivery, openSharedTurns } from '#services/assembly/pipeline.ts'
import { type OpenRemoteDelivery, openRemoteDelivery } from '#services/assembly/remote.ts'
import { assembleSigning } from '#services/assembly/signing.ts'
import { onQueueEvents, openFunction } from './functions.ts'
import { createRelaySecrets } from './relay-secret.ts'
import { remade } from './running.ts'
import { openSecretsManager, Secret } from './secrets.ts'
import { createSesWays } from './ses.ts'

/** Before the function's time is over: what another host has not taken by then is deferred, and that is written down. */
const CUT_OFF_BEFORE_END_MS = 20_000

const opened = await openFunction('delivery', process.env)
const { variables } = opened
const { RELAY_SECRET: relaySecret, SES_SENDERS: sesSenders } = variables
const relaySecrets = createRelaySecrets(
  relaySecret === '' ? undefined : new Secret(openSecretsManager(), relaySecret),
  opened.backend.clock,
)

/** For all events of this instance, so that keys are read once a minute, and policies of domains are remembered. */
const remembered = remade(opened.running, (backend) => ({
  backend,
  ses:
    sesSenders === ''
      ? undefined
      : createSesWays({ ownRegion: opened.region, senders: Number(sesSenders) }, backend),
  signing: assembleSigning(backend),
  tls: openOutboundTls(backend),
  turnsOf: openSharedTurns(backend),
}))

/** Lambda names the queue by its ARN, whose last word the queue's address has too. */
const queueOf = (arn: string) =>
  variables.DEFERRED_QUEUE_URL.endsWith(`/${arn.slice(arn.lastIndexOf(':') + 1)}`)
    ? 'deferred'
    : 'active'

export const handler = onQueueEvents(opened, queueOf, async (bells, context) => {
  const { backend, ses, signing, tls, turnsOf } = await remembered()
  let remote: OpenRemoteDelivery | undefined
  let isSpeaking = false
  const delivery = assembleDelivery(backend, async (message, hop, recipients, onContact) => {
    remote ??= openRemoteDelivery(backend, await relaySecrets(), {
      ...(ses && { ses }),
      signing,
      tls,
    })
    return remote.deliver(message, hop, recipients, (contact) => {
      isSpeaking = true
      onContact(contact)
    })
  })
  const leftMs = context.getRemainingTimeInMillis() - CUT_OFF_BEFORE_END_MS
  const timer = setTimeout(() => remote?.cutOff(), Math.max(0, leftMs))
  try {
    return await turnsOf(delivery, {
      isSpeaking: () => isSpeaking,
      giveUp: () => remote?.cutOff('it took too long, and others wait there too'),
    }).handle(bells)
  } finally {
    clearTimeout(timer)
    await tls.settle()
    // Between two invocations time stands still here, and not for who is at the other end.
    remote?.close()
  }
})
