// Resolves what only bundlers resolve: files of packages that are named without their ending. The
// published sdk is meant for bundlers.

const MISSING = new Set(['ERR_MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'])

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context)
  } catch (error) {
    if (!MISSING.has(error.code)) throw error
    return next(`${specifier}.js`, context).catch(() => Promise.reject(error))
  }
}
