// The function `jobs`: does what takes longer than an answer may, woken by whoever begins a job and every two minutes; seals the record of
// what was done, by the hour.

import { assembleAuditSeals } from '#services/assembly/audit.ts'
import { workOnJobs } from '#services/assembly/jobs.ts'
import { onSchedule, openFunction } from './functions.ts'

const opened = await openFunction('jobs', process.env)
const { backend } = opened

export const handler = onSchedule(opened, {
  work: (leftMs) => workOnJobs(backend, leftMs),
  seal: () => assembleAuditSeals(backend).seal(),
})
