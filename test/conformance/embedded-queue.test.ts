// The queue promises kept by the embedded driver, on a clock that runs faster than time: the cases wait for whole seconds.

import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { describeQueue } from './queue.ts'

const SPEED = 3

const fastClock: Clock = {
  now: () => Math.floor(systemClock.now() * SPEED),
  sleep: (ms, signal) => systemClock.sleep(ms / SPEED, signal),
}

describeQueue('embedded', () => openEmbedded({ clock: fastClock }))
