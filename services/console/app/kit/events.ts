// What changes, told: by one stream for the whole browser, whose tabs hear it over a channel, or by asking where the server cannot stream.
// Six connections are all that a browser opens to one host; a stream in each tab would leave none for anything else.

import { useLayoutEffect, useRef } from 'preact/hooks'
import { API, get } from '../api/client.ts'

export type Topic = 'queue' | 'jobs' | 'directory'

export type ApiEvent = {
  readonly id: string
  readonly topic: string
  readonly data: { readonly [fact: string]: unknown }
}

type Hear = (event: ApiEvent) => void

type Told = { readonly kind: 'event'; readonly event: ApiEvent } | { readonly kind: 'reset' }

const CHANNEL = 'postwolke-events'
const topics = ['queue', 'jobs', 'directory'] as const satisfies readonly Topic[]
const TOPICS = topics.join(',')
/** While something is at work, and the page is looked at; else. */
const ASK_SOON_MS = 5_000
const ASK_MS = 30_000
const RETRY_MS = 2_000
const RETRY_MS_MAX = 60_000

const hearers = new Set<(told: Told) => void>()
let channel: BroadcastChannel | undefined

/** `onEvent` for each of the topic; `onReset` where some may have been missed: read all again. */
export function useEvents(
  topic: Topic,
  onEvent: (event: ApiEvent) => void,
  onReset: () => void,
): void {
  const held = useRef({ onEvent, onReset })
  held.current = { onEvent, onReset }
  // As soon as what it is about is loaded: none is missed in between.
  useLayoutEffect(() => {
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
  void navigator.locks?.request(CHANNEL, () => hearAll(tell))
}

/** A stream where the server has one; where it has none it is asked from time to time. */
async function hearAll(tell: (told: Told) => void): Promise<never> {
  let last: string | undefined
  const hear: Hear = (event) => {
    last = event.id
    tell({ kind: 'event', event })
  }
  const reset = () => tell({ kind: 'reset' })
  for (let wait = RETRY_MS; ; wait = Math.min(wait * 2, RETRY_MS_MAX)) {
    // One question tells whether the server is there, what was missed, and whether it streams.
    const page = await ask(last, hear, reset)
    last = page?.last ?? last
    if (page?.streams === false) return await askForEver(page.last, hear, reset)
    if (page !== undefined && (await stream(last, hear, reset))) wait = RETRY_MS
    await sleep(wait)
  }
}

async function askForEver(first: string, hear: Hear, reset: () => void): Promise<never> {
  let last = first
  for (let pause = ASK_MS; ; ) {
    await sleep(pause)
    const before = last
    if (document.visibilityState === 'visible') last = (await ask(last, hear, reset))?.last ?? last
    pause = last === before ? ASK_MS : ASK_SOON_MS
  }
}

/** Until the browser gives it up; whether there was one. */
function stream(after: string | undefined, hear: Hear, reset: () => void): Promise<boolean> {
  const from = after === undefined ? '' : `&after=${encodeURIComponent(after)}`
  const source = new EventSource(`${API}/events?topics=${TOPICS}${from}`)
  let wasOpen = false
  source.onopen = () => {
    wasOpen = true
  }
  for (const topic of topics) {
    source.addEventListener(topic, ({ data, lastEventId }: MessageEvent<string>) =>
      hear({ id: lastEventId, topic, data: readData(data) }),
    )
  }
  source.addEventListener('reset', reset)
  return new Promise((end) => {
    source.onerror = () => {
      // A connection that broke it opens again by itself, from the last event on.
      if (source.readyState === EventSource.CLOSED) end(wasOpen)
    }
  })
}

type Page = {
  readonly events: readonly ApiEvent[]
  readonly last: string
  readonly reset: boolean
  readonly streams: boolean
}

async function ask(
  after: string | undefined,
  hear: Hear,
  reset: () => void,
): Promise<Page | undefined> {
  try {
    const page = await get<Page>('/events', { topics: TOPICS, after })
    if (page.reset) reset()
    for (const event of page.events) hear(event)
    return page
  } catch {
    return undefined
  }
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function readData(text: string): ApiEvent['data'] {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}
