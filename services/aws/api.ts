// The function `api`: what is served over HTTP, behind an HTTP API. The same parts in the same order as on one machine
// (services/assembly/web.ts).
//
// Implementation notes: nothing is streamed (an HTTP API cannot), so events are asked for by `?after=`, and files are fetched from S3. What is begun here and takes long
// is done by the function `jobs`, which is woken before the answer.

import { readFile } from 'node:fs/promises'
import { InvocationType, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { assembleWeb } from '#services/assembly/web.ts'
import { unpackFiles } from '#services/console/files.ts'
import { createSite } from '#services/http/site.ts'
import { createHealthPages } from '#services/metrics/health.ts'
import { wordsStateKey } from '#shared/directory/words.ts'
import { createStoredFigures } from '#shared/figures/series.ts'
import { systemClock } from '#shared/runtime/clock.ts'
import { deployedCosts } from './cost-model.ts'
import type { jobsJobs, ScheduledEvent } from './environment.ts'
import { createStoredEvents } from './events.ts'
import { beforeAnswer, openFunction } from './functions.ts'
import { answerOfResponse, type HttpAnswer, type HttpEvent, requestOfEvent } from './http-event.ts'
import { linksTo } from './object-links.ts'
import { requestTimeouts } from './request-timeouts.ts'
import { remade } from './running.ts'
import { StoreClosed } from './standing.ts'

const HTTPS_PORT = 443

const lambda = new LambdaClient({ requestHandler: requestTimeouts })
const waking = new Set<Promise<unknown>>()
const opened = await openFunction('api', process.env, {
  wakeJobs,
  readOidcSecret: await oidcSecret(process.env.OIDC_CLIENT_SECRET ?? ''),
  listCosts: deployedCosts(process.env.IDLE_USD_PER_MONTH, process.env.AWS_REGION ?? ''),
})
const { variables, log, clients } = opened

const siteInForce = remade(opened.running, (backend) => {
  const { store, clock } = backend
  const { tables } = store
  return createSite({
    parts: [
      {
        name: 'health',
        over: 'any',
        handler: createHealthPages({
          isReady: () => true,
          askStore: () => tables.directory.get(wordsStateKey),
        }),
      },
      ...assembleWeb({
        backend,
        version: variables.VERSION,
        events: createStoredEvents({ tables, clock }),
        streams: false,
        linkToObject: linksTo(clients.s3, variables.OBJECTS_BUCKET),
        figures: createStoredFigures(tables.counters, clock),
        async consoleFiles() {
          return unpackFiles(await readFile(new URL('console.json', import.meta.url), 'utf8'))
        },
      }),
    ],
    httpsPort: HTTPS_PORT,
    log,
  })
})

export async function handler(event: HttpEvent): Promise<HttpAnswer> {
  try {
    const asked = requestOfEvent(event)
    const response =
      asked === undefined
        ? new Response('this is no request\n', { status: 400 })
        : await answered(asked)
    return await answerOfResponse(response, event)
  } finally {
    await Promise.all(waking)
    await beforeAnswer(opened)
  }
}

async function answered({ request, caller }: NonNullable<ReturnType<typeof requestOfEvent>>) {
  try {
    return await (await siteInForce())(request, caller)
  } catch (error) {
    if (!(error instanceof StoreClosed)) throw error
    return new Response(`${error.message}\n`, { status: 503, headers: { 'Retry-After': '60' } })
  }
}

/** Should it fail, the schedule wakes it within two minutes. */
function wakeJobs(): void {
  const event: ScheduledEvent<(typeof jobsJobs)[number]> = { job: 'work' }
  const invocation = new InvokeCommand({
    FunctionName: variables.JOBS_FUNCTION,
    InvocationType: InvocationType.Event,
    Payload: Buffer.from(JSON.stringify(event)),
  })
  const woken = lambda
    .send(invocation)
    .catch((error) => log.warn({ error }, 'jobs not woken'))
    .finally(() => waking.delete(woken))
  waking.add(woken)
}

/** Undefined: a public client, or no issuer. Loaded only where there is one. */
async function oidcSecret(arn: string): Promise<(() => Promise<string>) | undefined> {
  if (arn === '') return undefined
  const { openSecretsManager, rememberedText, Secret } = await import('./secrets.ts')
  return rememberedText(new Secret(openSecretsManager(), arn), systemClock)
}
