type Environment = { readonly [name: string]: string | undefined }

export function startQuickly(environment: Environment): void
export function compileCacheFolder(environment: Environment): string | undefined
