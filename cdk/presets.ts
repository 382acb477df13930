// Sizes of a deployment. Presets differ in numbers only: every one of them has the same parts with the same rights.

export const presetNames = ['hobby', 'standard', 'scale'] as const
export type PresetName = (typeof presetNames)[number]

export type Preset = {
  readonly name: PresetName
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
  /** How long sessions may go on after their task was taken from the load balancer. */
  readonly drainSeconds: number
  readonly logRetentionDays: number
}

/** What depends on the size and concerns one part of the system alone stands with that part, in this form. */
export type BySize<Value> = { readonly [preset in PresetName]: Value }

export const presets: BySize<Preset> = {
  hobby: {
    name: 'hobby',
    availabilityZones: 1,
    tasksMin: 1,
    tasksMax: 1,
    taskCpu: 256,
    taskMemoryMiB: 512,
    functionMemoryMiB: 256,
    waitingFunctionMemoryMiB: 256,
    drainSeconds: 300,
    logRetentionDays: 14,
  },
  standard: {
    name: 'standard',
    availabilityZones: 2,
    tasksMin: 2,
    tasksMax: 6,
    taskCpu: 512,
    taskMemoryMiB: 1024,
    functionMemoryMiB: 512,
    waitingFunctionMemoryMiB: 256,
    drainSeconds: 900,
    logRetentionDays: 30,
  },
  scale: {
    name: 'scale',
    availabilityZones: 3,
    tasksMin: 3,
    tasksMax: 30,
    taskCpu: 1024,
    taskMemoryMiB: 2048,
    functionMemoryMiB: 1024,
    waitingFunctionMemoryMiB: 512,
    drainSeconds: 1800,
    logRetentionDays: 90,
  },
}
