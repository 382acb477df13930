// The site: what is served over HTTP, in the order in which it is asked. A new part is a line here.

import { createClientSetup, createClientSetupRedirect } from '#services/client-setup/handler.ts'
import type { ConsoleFiles } from '#services/console/files.ts'
import { createConsoleHandler } from '#services/console/handler.ts'
import { createStsPolicyHost } from '#services/http/sts-policy.ts'
import { stsPolicyText } from '#shared/administration/dns/sts-policy.ts'
import type { WebHandler, WebPart } from '#shared/contracts/web.ts'
import type { CertificatePair } from '#shared/net/tls/certificate.ts'
import type { ApiParts } from './api.ts'
import type { Backend } from './backend.ts'

export type WebDeps = ApiParts & {
  readonly backend: Backend
  /** What proves names to an authority; undefined: nothing does, over HTTP. */
  readonly acme?: WebHandler | undefined
  /** What HTTPS shows; undefined where its key is not here. */
  readonly certificate?: (() => CertificatePair) | undefined
  /** Of the console; asked for by the first request. */
  readonly consoleFiles: () => Promise<ConsoleFiles>
}

export function assembleWeb({
  backend,
  acme,
  certificate,
  consoleFiles,
  ...parts
}: WebDeps): readonly WebPart[] {
  const { settings, directory, setupLinks, rates, clock } = backend
  return [
    // First: who asks for one of its files means no other.
    ...(acme === undefined ? [] : [{ name: 'acme', over: 'any', handler: acme } as const]),
    {
      name: 'mta-sts',
      over: 'any',
      handler: createStsPolicyHost({
        domains: directory.domains,
        policyText: () => (settings.mtaStsMode === 'off' ? undefined : stsPolicyText(settings)),
      }),
    },
    {
      name: 'client-setup',
      over: 'private',
      handler: createClientSetup({
        domains: directory.domains,
        links: setupLinks,
        ...{ rates, certificate, settings, clock },
      }),
    },
    // Whoever comes without TLS is told where to ask with it.
    { name: 'client-setup', over: 'any', handler: createClientSetupRedirect({ settings }) },
    {
      name: 'api',
      over: 'private',
      handler: lazily(isApi, async () => {
        const { assembleApi } = await import('./api.ts')
        return await assembleApi(backend, parts)
      }),
    },
    // The last: what nobody else knows is a page that says so.
    {
      name: 'console',
      over: 'private',
      handler: createConsoleHandler({ files: consoleFiles }),
    },
  ]
}

const isApi = (path: string) => path === '/api' || path.startsWith('/api/')

/** Loaded when it is first asked for: a mail server that starts waits for no schemas. */
function lazily(isMine: (path: string) => boolean, load: () => Promise<WebHandler>): WebHandler {
  let loading: Promise<WebHandler> | undefined
  return async (request, caller) => {
    if (!isMine(new URL(request.url).pathname)) return undefined
    loading ??= load()
    const handler = await loading.catch((error) => {
      // The next who asks tries again.
      loading = undefined
      throw error
    })
    return await handler(request, caller)
  }
}
