// What is told of a message, as front ends read it.

export type { HowEnded, MessageHead } from '#shared/queue/trace/ended.ts'
export {
  type Fate,
  fatesOf,
  type Story,
  type StoryStep,
  timeOf,
} from '#shared/queue/trace/story.ts'
export type { TrailEvent, TrailRecipient, TrailResult } from '#shared/queue/trace/trail.ts'
