package protocol

// Types of messages by which an agent gets packages: one part for each request, so that neither side holds more.
const (
	TypePackageRequest = "package-request"
	TypePackagePart    = "package-part"
	TypePackageRefused = "package-refused"
)

// PackageRequest asks for what follows at an offset of a package that a task names.
type PackageRequest struct {
	Type   string `json:"type"`
	TaskID string `json:"taskId"`
	SHA256 string `json:"sha256"`
	Offset int64  `json:"offset"`
}

// PackageAnswer are the fields of the server's answer; where it refuses, Code and Message of Incoming say why.
type PackageAnswer struct {
	TaskID    string `json:"taskId"`
	SHA256    string `json:"sha256"`
	Offset    int64  `json:"offset"`
	SizeBytes int64  `json:"sizeBytes"`
	Data      []byte `json:"data"`
}

// IsTransient says whether what was refused with this code may be asked for again.
func IsTransient(code string) bool {
	return code == "unavailable" || code == "locked" || code == "too-many-requests"
}
