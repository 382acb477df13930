// What is served over HTTP, by the settings.

import { type HttpServer, openHttpServer } from '#services/http/server.ts'
import { createStsPolicyHost } from '#services/http/sts-policy.ts'
import { stsPolicyText } from '#shared/administration/dns/sts-policy.ts'
import type { CertificateSource } from '#shared/net/tls/certificate.ts'
import type { Backend } from './backend.ts'
import { formatEndpoint } from './endpoint.ts'
import { explained } from './start-failure.ts'

/** None where nothing is to be served. */
export async function openHttpListeners(
  { settings, directory, log }: Backend,
  certificates: CertificateSource,
): Promise<readonly HttpServer[]> {
  const { mtaStsMode, mtaStsListen, mtaStsPort, mtaStsTls } = settings
  if (mtaStsMode === 'off') return []
  const opened: HttpServer[] = []
  for (const host of mtaStsListen) {
    const opening = openHttpServer({
      host,
      port: mtaStsPort,
      certificates: mtaStsTls ? certificates : undefined,
      answer: createStsPolicyHost({
        domains: directory.domains,
        policyText: stsPolicyText(settings),
      }),
      log: log.child({ service: 'http' }),
    })
    const place = formatEndpoint({ address: host, port: mtaStsPort })
    try {
      opened.push(await explained(`http cannot listen on ${place}`, opening))
    } catch (error) {
      await Promise.all(opened.map((server) => server.close()))
      throw error
    }
  }
  return opened
}
