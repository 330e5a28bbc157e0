import type { ErrorCode } from "../../../kernel/error-codes.ts";
import { errnoOf, HotdirError, messageOf } from "../../../kernel/errors.ts";
import type { Bytes } from "../../../kernel/path.ts";

/** The one place where an errno of a destination's file system becomes an error code. */
const codes: Record<string, ErrorCode> = {
  ENOENT: "not-found",
  EACCES: "permission-denied",
  EPERM: "permission-denied",
  EEXIST: "exists",
  ENOTEMPTY: "not-empty",
  ENOTDIR: "wrong-type",
  EISDIR: "wrong-type",
  // O_NOFOLLOW met a symlink; a loop in the middle of a path is no better.
  ELOOP: "wrong-type",
  ENXIO: "wrong-type",
  ENAMETOOLONG: "name-refused",
  EILSEQ: "name-refused",
  EINVAL: "name-refused",
  EFBIG: "file-too-large",
  EOPNOTSUPP: "unsupported",
  ENOTSUP: "unsupported",
  ENOSYS: "unsupported",
  ENOSPC: "destination-full",
  EDQUOT: "destination-full",
  EROFS: "destination-read-only",
  EIO: "destination-io",
  ESTALE: "destination-io",
  ENODEV: "destination-io",
  ENOTCONN: "destination-io",
  EHOSTDOWN: "destination-io",
  ETIMEDOUT: "destination-io",
};

/** `refused` for an errno that says nothing certain (EBUSY, EMFILE, ...), and for what is no errno. */
export function codeOfErrno(errno: string | undefined): ErrorCode {
  return (errno === undefined ? undefined : codes[errno]) ?? "refused";
}

export function errorOfErrno(error: unknown, operation: string, path: Bytes): HotdirError {
  const errno = errnoOf(error);
  return new HotdirError(codeOfErrno(errno), { operation, path, detail: errno ?? messageOf(error), cause: error });
}

/** The same errors while a source file is read: only the source is unwell then. */
export function sourceErrorOfErrno(error: unknown, operation: string, path: Bytes): HotdirError {
  const errno = errnoOf(error);
  const gone = errno === "ENOENT" || errno === "ENOTDIR";
  return new HotdirError(gone ? "source-gone" : "source-unreadable", { operation, path, detail: errno ?? messageOf(error), cause: error });
}
