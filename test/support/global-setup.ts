// Runs once around a whole vitest run, in its main process. It costs a loopback listener; Java starts only when a test
// file asks for DynamoDB.

import type { TestProject } from 'vitest/node'
import { type EmulatorBroker, openEmulatorBroker } from './emulators/broker.ts'

declare module 'vitest' {
  interface ProvidedContext {
    emulatorBrokerUrl: string
  }
}

let broker: EmulatorBroker | undefined

export async function setup(project: TestProject): Promise<void> {
  broker = await openEmulatorBroker()
  project.provide('emulatorBrokerUrl', broker.url)
}

export async function teardown(): Promise<void> {
  await broker?.close()
}
