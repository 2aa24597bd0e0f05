// FAISS's readers and writers over memory and files.
#include "engine/streams.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "run/error.h"

namespace voisin {

size_t MemoryWriter::operator()(const void* data, size_t size, size_t count) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), bytes, bytes + size * count);
    return count;
}

size_t MemorySource::operator()(void* data, size_t size, size_t count) {
    const size_t there = size == 0 ? 0 : std::min(count, left() / size);
    if (there > 0) {
        std::memcpy(data, bytes_ + at_, there * size);
        at_ += there * size;
    }
    return there;
}

void throwIoError(const std::string& action, const std::string& path) {
    throw Error("ERR_FAISS_IO", "cannot " + action + " " + path + ": " + std::strerror(errno));
}

File openFile(const std::string& path, const char* mode) {
    File file(std::fopen(path.c_str(), mode), &std::fclose);
    if (!file) {
        throwIoError(mode[0] == 'w' ? "write" : "read", path);
    }
    return file;
}

size_t FileWriter::operator()(const void* data, size_t size, size_t count) {
    if (size * count > 0 && std::fwrite(data, size, count, file_.get()) != count) {
        throwIoError("write", path_);
    }
    written_ += size * count;
    return count;
}

size_t FileWriter::close() {
    if (std::fclose(file_.release()) != 0) {
        throwIoError("write", path_);
    }
    return written_;
}

FileSource::FileSource(const std::string& path) : path_(path), file_(openFile(path, "rb")) {
    struct stat status;
    if (fstat(::fileno(file_.get()), &status) != 0) {
        throwIoError("read", path);
    }
    if (!S_ISREG(status.st_mode)) {
        throw Error("ERR_FAISS_IO", "cannot read " + path + ": it is not a file");
    }
    size_ = status.st_size;
}

size_t FileSource::operator()(void* data, size_t size, size_t count) {
    const size_t there = size * count == 0 ? 0 : std::fread(data, size, count, file_.get());
    if (there != count && std::ferror(file_.get()) != 0) {
        throwIoError("read", path_);
    }
    at_ = std::min(size_, at_ + there * size);
    return there;
}

void FileSource::skip(size_t bytes) {
    if (fseeko(file_.get(), static_cast<off_t>(bytes), SEEK_CUR) != 0) {
        throwIoError("read", path_);
    }
    at_ += bytes;
}

void FileSource::rewind() {
    std::rewind(file_.get());
    at_ = 0;
}

} // namespace voisin
