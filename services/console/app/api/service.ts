// What the service says of itself, asked once.

import { get } from './client.ts'

export type Service = {
  readonly version: string
  /** Whether events are streamed or asked for. */
  readonly events: 'sse' | 'poll'
}

let asked: Promise<Service> | undefined

export function service(): Promise<Service> {
  asked ??= get<Service>('/service').catch((error) => {
    asked = undefined
    throw error
  })
  return asked
}
