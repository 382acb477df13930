// What changes, told: by one stream for the whole browser, whose tabs hear it over a channel, or by asking where the server cannot stream.
// Six connections are all that a browser opens to one host; a stream in each tab would leave none for anything else.

import { useEffect, useRef } from 'preact/hooks'
import { API, get } from '../api/client.ts'
import { service } from '../api/service.ts'

export type ApiEvent = {
  readonly id: string
  readonly topic: string
  readonly [fact: string]: unknown
}

type Told = { readonly kind: 'event'; readonly event: ApiEvent } | { readonly kind: 'reset' }

const CHANNEL = 'postwolke-events'
const TOPICS = 'queue,jobs'
const ASK_MS = 30_000
const RETRY_MS_MAX = 60_000

const hearers = new Set<(told: Told) => void>()
let channel: BroadcastChannel | undefined

/** `onEvent` for each of the topic; `onReset` where some may have been missed: read all again. */
export function useEvents(
  topic: string,
  onEvent: (event: ApiEvent) => void,
  onReset: () => void,
): void {
  const held = useRef({ onEvent, onReset })
  held.current = { onEvent, onReset }
  useEffect(() => {
    const hear = (told: Told) => {
      if (told.kind === 'reset') held.current.onReset()
      else if (told.event.topic === topic) held.current.onEvent(told.event)
    }
    hearers.add(hear)
    listen()
    return () => void hearers.delete(hear)
  }, [topic])
}

function tellHere(told: Told): void {
  for (const hear of hearers) hear(told)
}

function listen(): void {
  if (channel !== undefined) return
  const opened = new BroadcastChannel(CHANNEL)
  channel = opened
  opened.onmessage = ({ data }: MessageEvent<Told>) => tellHere(data)
  const tell = (told: Told) => {
    tellHere(told)
    opened.postMessage(told)
  }
  // Held for as long as this tab lives; another takes over when it is closed.
  void navigator.locks.request(CHANNEL, async () => {
    const { events } = await service()
    await (events === 'sse' ? stream(tell) : ask(tell))
  })
}

async function stream(tell: (told: Told) => void): Promise<never> {
  let last: string | undefined
  for (let wait = 1_000; ; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
    const after = last === undefined ? '' : `&after=${encodeURIComponent(last)}`
    const source = new EventSource(`${API}/events?topics=${TOPICS}${after}`)
    await new Promise<void>((end) => {
      source.onopen = () => {
        wait = 500
      }
      source.onmessage = ({ data }) => {
        const event = readEvent(data)
        if (event === undefined) return
        last = event.id
        tell({ kind: 'event', event })
      }
      source.addEventListener('reset', () => tell({ kind: 'reset' }))
      source.onerror = () => end()
    })
    source.close()
    await sleep(wait)
  }
}

async function ask(tell: (told: Told) => void): Promise<never> {
  let last: string | undefined
  for (let wait = ASK_MS; ; ) {
    await sleep(wait)
    if (document.visibilityState !== 'visible') continue
    try {
      const { data, next, reset } = await get<{
        readonly data: readonly ApiEvent[]
        readonly next?: string
        readonly reset?: boolean
      }>('/events', { topics: TOPICS, after: last })
      if (reset) tell({ kind: 'reset' })
      for (const event of data) tell({ kind: 'event', event })
      last = next ?? data.at(-1)?.id ?? last
      wait = ASK_MS
    } catch {
      wait = Math.min(wait * 2, 10 * ASK_MS)
    }
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function readEvent(text: string): ApiEvent | undefined {
  try {
    const event: unknown = JSON.parse(text)
    const isEvent = typeof event === 'object' && event !== null && 'id' in event && 'topic' in event
    return isEvent ? (event as ApiEvent) : undefined
  } catch {
    return undefined
  }
}
