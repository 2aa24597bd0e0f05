// FAISS's readers and writers over memory and files, with errors that say what happened.
#pragma once

#include <faiss/impl/io.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace voisin {

class MemoryWriter final : public faiss::IOWriter {
  public:
    explicit MemoryWriter(size_t expected) {
        bytes_.reserve(expected);
    }
    size_t operator()(const void* data, size_t size, size_t count) override;
    const std::vector<uint8_t>& bytes() const {
        return bytes_;
    }

  private:
    std::vector<uint8_t> bytes_;
};

/// Something to read from that knows how much is left and can skip.
class Source : public faiss::IOReader {
  public:
    virtual size_t left() const = 0;
    virtual void skip(size_t bytes) = 0;
    virtual void rewind() = 0;
};

class MemorySource final : public Source {
  public:
    MemorySource(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size) {}
    size_t operator()(void* data, size_t size, size_t count) override;
    size_t left() const override {
        return size_ - at_;
    }
    void skip(size_t bytes) override {
        at_ += bytes;
    }
    void rewind() override {
        at_ = 0;
    }

  private:
    const uint8_t* bytes_;
    size_t size_;
    size_t at_ = 0;
};

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// Throws ERR_FAISS_IO with the system's reason.
File openFile(const std::string& path, const char* mode);
[[noreturn]] void throwIoError(const std::string& action, const std::string& path);

class FileWriter final : public faiss::IOWriter {
  public:
    explicit FileWriter(const std::string& path) : path_(path), file_(openFile(path, "wb")) {}
    size_t operator()(const void* data, size_t size, size_t count) override;
    /// Must be called: what the system could not write shows here at the latest.
    size_t close();

  private:
    std::string path_;
    File file_;
    size_t written_ = 0;
};

class FileSource final : public Source {
  public:
    explicit FileSource(const std::string& path);
    size_t operator()(void* data, size_t size, size_t count) override;
    size_t left() const override {
        return size_ - at_;
    }
    void skip(size_t bytes) override;
    void rewind() override;

  private:
    std::string path_;
    File file_;
    size_t size_ = 0;
    size_t at_ = 0;
};

} // namespace voisin
