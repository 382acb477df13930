// What test files of a run have in common, each made when the first of them asks: one DynamoDB Local, and the bundles that all
// deployments get. The run's main process holds it behind a loopback HTTP server; test files, which run in processes of their
// own, ask there.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../program.ts'
import { type DynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts'

export type EmulatorBroker = { readonly url: string; close(): Promise<void> }

export async function openEmulatorBroker(): Promise<EmulatorBroker> {
  let starting: Promise<DynamoDbLocal | undefined> | undefined
  let bundling: Promise<string> | undefined
  const server = createServer(({ url }, response) => {
    const answer =
      url === BUNDLES_PATH
        ? (bundling ??= bundle())
        : (starting ??= startLoudly()).then((dynamo) => dynamo?.endpoint ?? '')
    answer.then(
      (text) => response.end(text),
      (error) => response.writeHead(500).end(String(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      await (await starting?.catch(() => undefined))?.stop()
    },
  }
}

/** Asks the broker for DynamoDB Local's address; undefined when there is no Java. */
export async function dynamoDbEndpoint(brokerUrl: string): Promise<string | undefined> {
  const text = await ask(brokerUrl)
  return text === '' ? undefined : text
}

const BUNDLES_PATH = '/bundles'
/** Ten seconds, where nothing else runs. */
const BUNDLING_MS_MAX = 230_000

/** What `cdk/bundles.ts` makes, by name; the image is `edge`. Made once: they are the same for all deployments of a run. */
export async function bundleFolders(
  brokerUrl: string,
): Promise<Readonly<Record<string, string | undefined>>> {
  return JSON.parse(await ask(brokerUrl + BUNDLES_PATH))
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}

/** In a process of its own: for seconds it would hear no test file. */
async function bundle(): Promise<string> {
  const program = fileURLToPath(new URL('../deployment/write-bundles.ts', import.meta.url))
  const { code, stdout, stderr } = await runProgram(process.execPath, [program], {
    timeMaxMs: BUNDLING_MS_MAX,
  })
  if (code !== 0) throw new Error(stderr)
  return stdout
}

async function startLoudly(): Promise<DynamoDbLocal | undefined> {
  const dynamo = await startDynamoDbLocal()
  if (dynamo === undefined) {
    process.stderr.write(
      '\n*** NO JAVA: all tests of the DynamoDB driver are SKIPPED. Install a Java runtime (17 or later). ***\n\n',
    )
  }
  return dynamo
}
