// How slow a machine and its line are, for Chromium to act like it.

import type { CDPSession } from 'playwright-core'

export type Throttle = {
  /** Of the processor: this many times slower. */
  readonly cpuTimes: number
  readonly downBitsPerSecond: number
  readonly upBitsPerSecond: number
  /** Of a round trip. */
  readonly latencyMs: number
}

export const throttles = {
  office: {
    cpuTimes: 4,
    downBitsPerSecond: 10_000_000,
    upBitsPerSecond: 5_000_000,
    latencyMs: 40,
  },
  mobile: {
    cpuTimes: 4,
    downBitsPerSecond: 1_600_000,
    upBitsPerSecond: 750_000,
    latencyMs: 150,
  },
} as const satisfies { readonly [name: string]: Throttle }

export async function throttle(session: CDPSession, how: Throttle): Promise<void> {
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: how.latencyMs,
    downloadThroughput: how.downBitsPerSecond / 8,
    uploadThroughput: how.upBitsPerSecond / 8,
  })
  await session.send('Emulation.setCPUThrottlingRate', { rate: how.cpuTimes })
}

/** As it is. */
export async function unthrottle(session: CDPSession): Promise<void> {
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: -1,
  })
  await session.send('Emulation.setCPUThrottlingRate', { rate: 1 })
}
