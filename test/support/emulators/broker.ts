// One DynamoDB Local for a whole test run, started when the first test file asks. The run's main process holds it behind
// a loopback HTTP server; test files, which run in processes of their own, ask there for its address.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { type DynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts'

export type EmulatorBroker = { readonly url: string; close(): Promise<void> }

export async function openEmulatorBroker(): Promise<EmulatorBroker> {
  let starting: Promise<DynamoDbLocal | undefined> | undefined
  const server = createServer((_request, response) => {
    starting ??= startLoudly()
    starting.then(
      (dynamo) => response.end(dynamo?.endpoint ?? ''),
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
  const response = await fetch(brokerUrl)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text === '' ? undefined : text
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
