// The kinds of access entries, for whoever names them and needs nothing else of access tables.

export { accessKinds as accessKindNames } from '#shared/directory/access-questions.ts'
