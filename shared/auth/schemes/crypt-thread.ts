// crypt(3) in one thread of its own, started when the first old hash is met. One is enough: a hash comes here until its owner
// has logged in once, then it is argon2id.

import { timingSafeEqual } from 'node:crypto'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'

export type CryptAlgorithm = 'des' | 'md5' | 'sha'

export type CryptRequest = {
  readonly id: number
  readonly algorithm: CryptAlgorithm
  readonly password: string
  readonly hash: string
}

export type CryptAnswer = { readonly id: number; readonly computed: string }

type Waiting = {
  readonly resolve: (computed: string) => void
  readonly reject: (error: unknown) => void
}

const waiting = new Map<number, Waiting>()
let worker: Worker | undefined
let lastId = 0

export async function verifyCrypt(
  algorithm: CryptAlgorithm,
  hash: string,
  password: string,
): Promise<boolean> {
  const computed = Buffer.from(await compute({ id: ++lastId, algorithm, password, hash }))
  const stored = Buffer.from(hash)
  return computed.length === stored.length && timingSafeEqual(computed, stored)
}

function compute(request: CryptRequest): Promise<string> {
  const thread = (worker ??= startWorker())
  return new Promise((resolve, reject) => {
    waiting.set(request.id, { resolve, reject })
    // The thread keeps the process alive only while somebody waits for it.
    thread.ref()
    thread.postMessage(request)
  })
}

function startWorker(): Worker {
  // As this file: source beside source, bundle beside bundle.
  const extension = extname(import.meta.url)
  const thread = new Worker(new URL(`./crypt-worker${extension}`, import.meta.url))
  thread.on('message', ({ id, computed }: CryptAnswer) => {
    waiting.get(id)?.resolve(computed)
    waiting.delete(id)
    if (waiting.size === 0) thread.unref()
  })
  thread.on('error', (error) => {
    worker = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  })
  return thread
}
