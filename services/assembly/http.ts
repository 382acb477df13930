// The HTTP listeners that the settings ask for, both with the same site.

import { forwardedCaller } from '#services/http/forwarded.ts'
import { type HttpServer, openHttpServer, type TakeConnection } from '#services/http/server.ts'
import { createSite } from '#services/http/site.ts'
import type { WebPart } from '#shared/contracts/web.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { Backend } from './backend.ts'
import { formatEndpoint } from './endpoint.ts'
import type { OpenListener } from './listeners.ts'
import { explained } from './start-failure.ts'

export type TlsParts = {
  readonly certificates: CertificateSource
  /** See `services/http/server.ts`. */
  readonly take?: TakeConnection | undefined
}

export async function openHttpListeners(
  { settings, clock, log: systemLog }: Backend,
  parts: readonly WebPart[],
  { certificates, take }: TlsParts,
): Promise<{ readonly opened: readonly OpenListener[]; close(): Promise<void> }> {
  const { listeners, httpTrustedProxies } = settings
  const log = systemLog.child({ service: 'http' })
  const httpsPort = listeners.https.enabled ? listeners.https.port : undefined
  const answer = createSite({ parts, httpsPort, log })
  const policy = { minVersion: settings.tls.minimumVersion }
  const servers: HttpServer[] = []
  const opened: OpenListener[] = []
  const close = async () => void (await Promise.all(servers.map((server) => server.close())))
  for (const name of ['http', 'https'] as const) {
    const { enabled, address: addresses, port } = listeners[name]
    if (!enabled) continue
    const opening = openHttpServer({
      addresses,
      port,
      tls: name === 'https' ? { certificates, policy, take } : undefined,
      answer,
      limits: settings,
      callerOf: forwardedCaller(httpTrustedProxies),
      clock,
      log,
    })
    const places = addresses.map((address) => formatEndpoint({ address, port })).join(', ')
    try {
      const server = await explained(`${name} cannot listen on ${places}`, opening)
      servers.push(server)
      for (const at of server.at) {
        log.info({ listener: name, ...at }, 'listening')
        opened.push({ name, address: at.address, port: at.port })
      }
    } catch (error) {
      await close()
      throw error
    }
  }
  return { opened, close }
}
