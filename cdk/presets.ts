// Sizes of a deployment. Presets differ in numbers only: every one of them has the same parts with the same rights.

export const presetNames = ['hobby', 'standard', 'scale'] as const
export type PresetName = (typeof presetNames)[number]

export type Preset = {
  /** The region must have so many. */
  readonly availabilityZones: number
  /** Of each container service; equal numbers mean that nothing scales. */
  readonly tasksMin: number
  readonly tasksMax: number
  /** 1024 are one processor. */
  readonly taskCpu: number
  readonly taskMemoryMiB: number
  /** Of functions that compute: policy and cleanup. */
  readonly functionMemoryMiB: number
  /** Of those that wait for others: delivery, and what the clock wakes. */
  readonly waitingFunctionMemoryMiB: number
  readonly cleanupConcurrencyMax: number
  readonly deliveryConcurrencyMax: number
  /** How long sessions may go on after their task was taken from the load balancer. */
  readonly drainSeconds: number
  readonly logRetentionDays: number
  readonly alarms: {
    readonly incomingAgeSeconds: number
    readonly activeAgeSeconds: number
    readonly dueLagSeconds: number
    readonly deferredAgeSeconds: number
    /** Between 0 and 1; looked at from so many attempts in five minutes on. */
    readonly deferredShare: number
    readonly deferredAttemptsMin: number
    readonly held: number
    readonly roundTripSeconds: number
    readonly throttledPerFiveMinutes: number
    readonly edgePercent: number
    readonly failuresPerFiveMinutes: number
    readonly loginFailuresPerFiveMinutes: number
    readonly certificateDays: number
  }
}

const alarms = {
  incomingAgeSeconds: 120,
  /** A delivery may itself take a quarter of an hour. */
  activeAgeSeconds: 1_800,
  dueLagSeconds: 300,
  /** When senders begin to ask (Postfix's delay_warning_time is used so). */
  deferredAgeSeconds: 4 * 3_600,
  deferredShare: 0.5,
  edgePercent: 80,
  roundTripSeconds: 60,
  certificateDays: 21,
} as const

export const presets: { readonly [name in PresetName]: Preset } = {
  hobby: {
    availabilityZones: 1,
    tasksMin: 1,
    tasksMax: 1,
    taskCpu: 256,
    taskMemoryMiB: 512,
    functionMemoryMiB: 256,
    waitingFunctionMemoryMiB: 256,
    // Two is the least an event source may have.
    cleanupConcurrencyMax: 2,
    deliveryConcurrencyMax: 2,
    drainSeconds: 300,
    logRetentionDays: 14,
    alarms: {
      ...alarms,
      deferredAttemptsMin: 5,
      held: 20,
      throttledPerFiveMinutes: 10,
      failuresPerFiveMinutes: 5,
      loginFailuresPerFiveMinutes: 50,
    },
  },
  standard: {
    availabilityZones: 2,
    tasksMin: 2,
    tasksMax: 6,
    taskCpu: 512,
    taskMemoryMiB: 1024,
    functionMemoryMiB: 512,
    waitingFunctionMemoryMiB: 256,
    cleanupConcurrencyMax: 10,
    deliveryConcurrencyMax: 20,
    drainSeconds: 900,
    logRetentionDays: 30,
    alarms: {
      ...alarms,
      deferredAttemptsMin: 20,
      held: 100,
      throttledPerFiveMinutes: 30,
      failuresPerFiveMinutes: 10,
      loginFailuresPerFiveMinutes: 200,
    },
  },
  scale: {
    availabilityZones: 3,
    tasksMin: 3,
    tasksMax: 30,
    taskCpu: 1024,
    taskMemoryMiB: 2048,
    functionMemoryMiB: 1024,
    waitingFunctionMemoryMiB: 512,
    cleanupConcurrencyMax: 100,
    deliveryConcurrencyMax: 200,
    drainSeconds: 1800,
    logRetentionDays: 90,
    alarms: {
      ...alarms,
      deferredAttemptsMin: 100,
      held: 500,
      throttledPerFiveMinutes: 100,
      failuresPerFiveMinutes: 50,
      loginFailuresPerFiveMinutes: 2_000,
    },
  },
}
